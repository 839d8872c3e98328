import type { ExecutionStatus } from '@certoai/loom-core';
import type { ExecutionSpan, TraceQueryFilter } from '@certoai/loom-observability';
import type { Dice } from './random.js';

interface Trace {
  readonly executionId: string;
  readonly spans: readonly ExecutionSpan[];
}

type Field = Exclude<keyof TraceQueryFilter, 'limit' | 'cursor'>;

const statuses: readonly ExecutionStatus[] = [
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'timed-out',
];

/** Values that occur in the data, borders included, and now and then one that does not. */
const values: { readonly [Key in Field]: (dice: Dice, trace: Trace) => TraceQueryFilter[Key] } = {
  executionId: (dice, { executionId }) => (dice.chance(0.9) ? executionId : 'nobody'),
  name: (dice) => dice.pick(['orders', 'invoices', 'claims', 'nobody']),
  status: (dice) =>
    dice.chance(0.5) ? dice.pick(statuses) : dice.shuffle(statuses).slice(0, dice.between(0, 4)),
  stage: (dice) => dice.pick(['stage-0', 'stage-1', 'stage-2', 'stage-3', 'nobody']),
  actor: (dice) => dice.pick(['ocr', 'splitter', 'mailer', 'pricer', 'nobody']),
  errorCode: (dice) => dice.pick(['E_TIMEOUT', 'E_PARSE', 'LOOM_TIMEOUT', 'nobody']),
  tags: (dice) => dice.shuffle(['gold', 'eu', 'retail', 'nobody']).slice(0, dice.between(0, 2)),
  startedFrom: (dice, { spans }) => rootOf(spans).startedAt + dice.between(-1, 1),
  startedBefore: (dice, { spans }) => rootOf(spans).startedAt + dice.between(-1, 1),
  minDurationMs: (dice, { spans }) => Math.max(0, durationOf(spans) + dice.between(-1, 1)),
};

/** @param fields - the fields it has. @default some of all */
export function randomFilter(
  dice: Dice,
  traces: readonly Trace[],
  fields?: readonly Field[],
): TraceQueryFilter {
  const names = fields ?? dice.shuffle(Object.keys(values) as Field[]).slice(0, dice.between(1, 4));
  return Object.fromEntries(names.map((name) => [name, values[name](dice, dice.pick(traces))]));
}

/** The executions a filter selects, newest first: the contract read aloud, on spans and not on summaries. */
export function selectNaively(traces: readonly Trace[], filter: TraceQueryFilter): string[] {
  const selected = traces.filter(({ executionId, spans }) => {
    const root = rootOf(spans);
    if (filter.executionId !== undefined && filter.executionId !== executionId) return false;
    if (filter.name !== undefined && filter.name !== root.name) return false;
    if (filter.status !== undefined && ![filter.status].flat().includes(root.status)) return false;
    if (filter.tags?.some((tag) => !root.tags.includes(tag))) return false;
    if (filter.startedFrom !== undefined && root.startedAt < filter.startedFrom) return false;
    if (filter.startedBefore !== undefined && root.startedAt >= filter.startedBefore) return false;
    if (filter.minDurationMs !== undefined && durationOf(spans) < filter.minDurationMs) return false;
    const { stage, actor, errorCode } = filter;
    if (stage === undefined && actor === undefined && errorCode === undefined) return true;
    if (stage === undefined && actor === undefined && root.error?.code === errorCode) return true;
    const stages = new Set(spans.flatMap((span) => (span.kind === 'execution' ? [] : [span.stage])));
    return [...stages].some((one) => {
      const inside = spans.filter((span) => span.kind !== 'execution' && span.stage === one);
      if (stage !== undefined && stage !== one) return false;
      if (actor !== undefined && !inside.some((span) => span.kind === 'attempt' && span.actor === actor))
        return false;
      return errorCode === undefined || inside.some((span) => span.error?.code === errorCode);
    });
  });
  return selected
    .map(({ executionId }) => executionId)
    .sort()
    .reverse();
}

function rootOf(spans: readonly ExecutionSpan[]): Extract<ExecutionSpan, { kind: 'execution' }> {
  const root = spans.find((span) => span.kind === 'execution');
  if (root === undefined) throw new Error('A trace without a root.');
  return root;
}

function durationOf(spans: readonly ExecutionSpan[]): number {
  const root = rootOf(spans);
  const times = spans.map(({ startedAt, endedAt = startedAt }) => endedAt);
  const marks = [root.pausedAt, root.resumedAt, root.recoveredAt].filter((at) => at !== undefined);
  return (root.endedAt ?? Math.max(...times, ...marks)) - root.startedAt;
}
