import type {
  ApprovalSpan,
  AttemptSpan,
  CompensationSpan,
  CriticalStage,
  ExecutionSpan,
  ExecutionSummary,
  RootSpan,
  StageSpan,
  StageSummary,
  Usage,
  UsageTotals,
  WorkTotals,
} from '@certoai/loom-observability';

/** What a summary must say, worked out from the spans alone and without any cleverness. */
export function summaryOfSpans(spans: readonly ExecutionSpan[]): ExecutionSummary {
  const root = spans.find((span): span is RootSpan => span.kind === 'execution') as RootSpan;
  const stages = spans.filter((span) => span.kind === 'stage').sort((a, b) => a.position - b.position);
  const summaries = stages.map((stage) =>
    stageSummary(
      stage,
      spans.filter((one) => one.kind !== 'execution' && one.stage === stage.stage),
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
    ...totals(spans),
    stages: summaries,
    criticalPath: criticalStages(summaries, root.startedAt, end),
    partial: spans.some(
      (span) => span.startMissing === true || (span.kind === 'execution' && span.spansMissing === true),
    ),
  };
}

function stageSummary(stage: StageSpan, spans: readonly ExecutionSpan[]): StageSummary {
  const attempts = spans.filter((span) => span.kind === 'attempt');
  const last = Math.max(stage.startedAt, ...spans.map(({ startedAt, endedAt = startedAt }) => endedAt));
  const errors = spans.map(({ error }) => error?.code).filter((code) => code !== undefined);
  return {
    stage: stage.stage,
    status: stage.status,
    startedAt: stage.startedAt,
    ...(stage.endedAt !== undefined && { endedAt: stage.endedAt }),
    durationMs: (stage.endedAt ?? last) - stage.startedAt,
    ...totals(spans),
    actors: [...new Set(attempts.map(({ actor }) => actor).filter((actor) => actor !== ''))].sort(),
    errorCodes: [...new Set(errors)].sort(),
  };
}

function totals(spans: readonly ExecutionSpan[]): WorkTotals {
  const stages = spans.filter((span) => span.kind === 'stage');
  const attempts = spans.filter((span) => span.kind === 'attempt');
  const failed = attempts.filter(({ status }) => status === 'failed');
  const refusals = add(stages.map(({ breakerChecks }) => breakerChecks?.refused));
  return {
    tasks: add(stages.map(({ tasks }) => tasks)),
    attempts: attempts.length,
    retries: attempts.filter(({ attempt }) => attempt > 1).length,
    failedAttempts: failed.length,
    failedTasks: failed.filter(({ willRetry }) => willRetry === false).length,
    runMs: add(attempts.map(({ durationMs }) => durationMs)),
    queueWaitMs: add(attempts.map(({ queueWaitMs }) => queueWaitMs)),
    queuedMs: add(attempts.map(({ queuedMs }) => queuedMs)),
    retryWaitMs: add(attempts.map(({ retryWaitMs }) => retryWaitMs)),
    ...usage(attempts),
    ...approvals(spans.filter((span) => span.kind === 'approval')),
    ...compensations(spans.filter((span) => span.kind === 'compensation')),
    ...(refusals > 0 && { breakerRefusals: refusals }),
  };
}

function add(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** From `usage` of the spans where not every decision is kept, from the decisions where they are. */
function usage(attempts: readonly AttemptSpan[]): { usage?: Usage } {
  const used = attempts.flatMap(
    ({ decisions = [], usage: whole }): readonly (UsageTotals & { model: string })[] => {
      if (whole === undefined || whole.decisions > decisions.length) return whole?.models ?? [];
      return decisions.map(({ model, inputTokens = 0, outputTokens = 0, cost = 0, currency }) => ({
        model,
        decisions: 1,
        inputTokens,
        outputTokens,
        cost: currency === undefined ? {} : { [currency]: cost },
      }));
    },
  );
  if (used.length === 0) return {};
  const names = [...new Set(used.map(({ model }) => model))].sort();
  const models = names.map((model) => ({ model, ...sum(used.filter((one) => one.model === model)) }));
  return { usage: { ...sum(used), models } };
}

function sum(parts: readonly UsageTotals[]): UsageTotals {
  const currencies = new Set(parts.flatMap(({ cost }) => Object.keys(cost)));
  return {
    decisions: add(parts.map(({ decisions }) => decisions)),
    inputTokens: add(parts.map(({ inputTokens }) => inputTokens)),
    outputTokens: add(parts.map(({ outputTokens }) => outputTokens)),
    cost: Object.fromEntries(
      [...currencies].map((currency) => [
        currency,
        add(parts.map(({ cost }) => Math.round((cost[currency] ?? 0) * 1e9))) / 1e9,
      ]),
    ),
  };
}

function approvals(spans: readonly ApprovalSpan[]): Pick<WorkTotals, 'approvals'> {
  if (spans.length === 0) return {};
  const open = spans.filter(({ status }) => status === 'open').length;
  const waitMs = add(spans.map(({ durationMs }) => durationMs));
  return { approvals: { count: spans.length, open, waitMs } };
}

function compensations(spans: readonly CompensationSpan[]): Pick<WorkTotals, 'compensations'> {
  if (spans.length === 0) return {};
  const completed = spans.filter(({ status }) => status === 'completed').length;
  const failed = spans.filter(({ status, willRetry }) => status === 'failed' && willRetry !== true).length;
  return { compensations: { attempts: spans.length, completed, failed } };
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
