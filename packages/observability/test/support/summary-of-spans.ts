import type {
  AttemptSpan,
  CriticalStage,
  ExecutionSpan,
  ExecutionSummary,
  RootSpan,
  StageSpan,
  StageSummary,
  WorkTotals,
} from '@certoai/loom-observability';

/** What a summary must say, worked out from the spans alone and without any cleverness. */
export function summaryOfSpans(spans: readonly ExecutionSpan[]): ExecutionSummary {
  const root = spans.find((span): span is RootSpan => span.kind === 'execution') as RootSpan;
  const stages = spans.filter((span) => span.kind === 'stage').sort((a, b) => a.position - b.position);
  const attempts = spans.filter((span) => span.kind === 'attempt');
  const summaries = stages.map((stage) =>
    stageSummary(
      stage,
      attempts.filter((one) => one.stage === stage.stage),
    ),
  );
  const times = spans.flatMap((span) => [
    span.endedAt ?? span.startedAt,
    ...(span.kind === 'execution' ? [span.pausedAt, span.resumedAt, span.recoveredAt] : []),
  ]);
  const lastEventAt = Math.max(...times.filter((at) => at !== undefined));
  const end = root.endedAt ?? lastEventAt;
  return {
    executionId: root.executionId,
    traceId: root.traceId,
    ...(root.name !== undefined && { name: root.name }),
    tags: root.tags,
    status: root.status,
    startedAt: root.startedAt,
    ...(root.endedAt !== undefined && { endedAt: root.endedAt }),
    lastEventAt,
    durationMs: end - root.startedAt,
    ...(root.error !== undefined && { error: root.error }),
    ...totals(
      attempts,
      stages.map(({ tasks = 0 }) => tasks),
    ),
    stages: summaries,
    criticalPath: criticalStages(summaries, root.startedAt, end),
    partial: spans.some(
      (span) => span.startMissing === true || (span.kind === 'execution' && span.spansMissing === true),
    ),
  };
}

function stageSummary(stage: StageSpan, attempts: readonly AttemptSpan[]): StageSummary {
  const last = Math.max(stage.startedAt, ...attempts.map(({ startedAt, endedAt = startedAt }) => endedAt));
  const errors = [stage, ...attempts].map(({ error }) => error?.code).filter((code) => code !== undefined);
  return {
    stage: stage.stage,
    status: stage.status,
    startedAt: stage.startedAt,
    ...(stage.endedAt !== undefined && { endedAt: stage.endedAt }),
    durationMs: (stage.endedAt ?? last) - stage.startedAt,
    ...totals(attempts, [stage.tasks ?? 0]),
    actors: [...new Set(attempts.map(({ actor }) => actor).filter((actor) => actor !== ''))].sort(),
    errorCodes: [...new Set(errors)].sort(),
  };
}

function totals(attempts: readonly AttemptSpan[], tasks: readonly number[]): WorkTotals {
  const add = (values: readonly (number | undefined)[]): number =>
    values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  const failed = attempts.filter(({ status }) => status === 'failed');
  return {
    tasks: add(tasks),
    attempts: attempts.length,
    retries: attempts.filter(({ attempt }) => attempt > 1).length,
    failedAttempts: failed.length,
    failedTasks: failed.filter(({ willRetry }) => willRetry === false).length,
    runMs: add(attempts.map(({ durationMs }) => durationMs)),
    queueWaitMs: add(attempts.map(({ queueWaitMs }) => queueWaitMs)),
    queuedMs: add(attempts.map(({ queuedMs }) => queuedMs)),
    retryWaitMs: add(attempts.map(({ retryWaitMs }) => retryWaitMs)),
  };
}

/** Again and again the one that ended last before the one found last began. */
function criticalStages(stages: readonly StageSummary[], from: number, to: number): readonly CriticalStage[] {
  const path: CriticalStage[] = [];
  for (let before = to; ;) {
    let best: { stage: StageSummary; begin: number; end: number } | undefined;
    for (const stage of stages) {
      const begin = Math.max(stage.startedAt, from);
      const end = Math.min(stage.startedAt + stage.durationMs, to);
      if (end > before || begin >= end) continue;
      if (best === undefined || end > best.end || (end === best.end && begin < best.begin))
        best = { stage, begin, end };
    }
    if (best === undefined) return path;
    const { stage, startedAt, durationMs } = best.stage;
    path.unshift({ stage, startedAt, durationMs });
    before = best.begin;
  }
}
