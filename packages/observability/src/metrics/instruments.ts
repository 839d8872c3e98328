/** What is measured: one table, from which every exporter takes names, kinds and units. */
export interface Instrument {
  /** As OpenTelemetry has it. Prometheus' name follows from it: {@link prometheusName}. */
  readonly name: string;
  /** `counter` only rises while the process lives; `gauge` is how it stands; `histogram` is how values are spread. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM unit: `s`, or what is counted, in braces. */
  readonly unit: 's' | `{${string}}`;
  readonly description: string;
  readonly labels: readonly string[];
  /** Of a histogram: upper bounds of its buckets, in its unit, rising. */
  readonly boundaries?: readonly number[];
}

/** From a call in memory to a model that thinks for an hour. */
const work = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600, 3_600];
/** From a few calls to an approval that takes a month. */
const executions = [0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200, 43_200, 86_400, 604_800, 2_592_000];

export const instruments = {
  executionsStarted: {
    name: 'loom.executions.started',
    kind: 'counter',
    unit: '{execution}',
    description: 'Executions that were started in this process.',
    labels: ['pipeline'],
  },
  executionsFinished: {
    name: 'loom.executions.finished',
    kind: 'counter',
    unit: '{execution}',
    description: 'Executions that came to their end in this process, by status.',
    labels: ['pipeline', 'status'],
  },
  executionsActive: {
    name: 'loom.executions.active',
    kind: 'gauge',
    unit: '{execution}',
    description: 'Executions that this process carries on, running or paused.',
    labels: ['pipeline', 'state'],
  },
  executionDuration: {
    name: 'loom.execution.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the start of an execution to its end, where this process saw both.',
    labels: ['pipeline', 'status'],
    boundaries: executions,
  },
  stagesFinished: {
    name: 'loom.stages.finished',
    kind: 'counter',
    unit: '{stage}',
    description: 'Stages that came to their end, by status.',
    labels: ['pipeline', 'stage', 'status'],
  },
  stageDuration: {
    name: 'loom.stage.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the start of a stage to its end, where this process saw both.',
    labels: ['pipeline', 'stage'],
    boundaries: executions,
  },
  tasksStarted: {
    name: 'loom.tasks.started',
    kind: 'counter',
    unit: '{task}',
    description: 'Hand-outs of tasks, to a handler in this process or to the queue, retries included.',
    labels: ['pipeline', 'stage', 'actor'],
  },
  tasksFinished: {
    name: 'loom.tasks.finished',
    kind: 'counter',
    unit: '{task}',
    description: 'Tasks that came to their end, by outcome: completed, failed for good, or cancelled.',
    labels: ['pipeline', 'stage', 'actor', 'outcome'],
  },
  tasksRetried: {
    name: 'loom.tasks.retried',
    kind: 'counter',
    unit: '{task}',
    description: 'Attempts that failed and are followed by another one.',
    labels: ['pipeline', 'stage', 'actor'],
  },
  taskDuration: {
    name: 'loom.task.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time that the handler of an attempt took, until it completed or failed.',
    labels: ['pipeline', 'stage', 'actor'],
    boundaries: work,
  },
  taskQueueDuration: {
    name: 'loom.task.queue.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the hand-out of an attempt until a worker began with it, where it had to wait.',
    labels: ['pipeline', 'stage', 'actor'],
    boundaries: work,
  },
  modelTokens: {
    name: 'loom.model.tokens',
    kind: 'counter',
    unit: '{token}',
    description: 'Tokens of recorded decisions, by model: input (read) and output (written).',
    labels: ['pipeline', 'model', 'direction'],
  },
  modelCost: {
    name: 'loom.model.cost',
    kind: 'counter',
    unit: '{money}',
    description: 'Money that recorded decisions cost, by model and currency.',
    labels: ['pipeline', 'model', 'currency'],
  },
  approvalsRequested: {
    name: 'loom.approvals.requested',
    kind: 'counter',
    unit: '{approval}',
    description: 'Approvals that were requested.',
    labels: ['pipeline', 'stage'],
  },
  approvalsDecided: {
    name: 'loom.approvals.decided',
    kind: 'counter',
    unit: '{approval}',
    description: 'Approvals that were decided, by outcome: approved, rejected, expired or cancelled.',
    labels: ['pipeline', 'stage', 'outcome'],
  },
  compensationsFinished: {
    name: 'loom.compensations.finished',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to undo a stage that ended, by outcome: completed, failed for good, or retried.',
    labels: ['pipeline', 'stage', 'outcome'],
  },
  breakerChecks: {
    name: 'loom.breaker.checks',
    kind: 'counter',
    unit: '{check}',
    description: 'How often a circuit breaker was asked, by outcome: passed or refused.',
    labels: ['breaker', 'outcome'],
  },
  queueMessages: {
    name: 'loom.queue.messages',
    kind: 'gauge',
    unit: '{message}',
    description: 'Messages in a queue: ready, delayed, active (being handled), or dead.',
    labels: ['queue', 'state'],
  },
  queueOldestAge: {
    name: 'loom.queue.oldest.age',
    kind: 'gauge',
    unit: 's',
    description: 'How long the message that waits longest in a queue has been ready; 0 when none is.',
    labels: ['queue'],
  },
  workerSlots: {
    name: 'loom.worker.slots',
    kind: 'gauge',
    unit: '{slot}',
    description: 'Tasks that run on a worker (used), and that can (total).',
    labels: ['worker', 'state'],
  },
  approvals: {
    name: 'loom.approvals',
    kind: 'gauge',
    unit: '{approval}',
    description: 'Approvals that wait for a decision (open), and of those the ones that are late (overdue).',
    labels: ['state'],
  },
  breakerState: {
    name: 'loom.breaker.state',
    kind: 'gauge',
    unit: '{breaker}',
    description: '1 for the state a circuit breaker is in (closed, open or half-open), 0 for the others.',
    labels: ['breaker', 'state'],
  },
  tracesLost: {
    name: 'loom.traces.lost',
    kind: 'counter',
    unit: '{record}',
    description: 'What is missing from traces, by cause.',
    labels: ['kind'],
  },
  eventLoopLag: {
    name: 'loom.event_loop.lag',
    kind: 'gauge',
    unit: 's',
    description: 'How late the event loop came to its timers since the last reading: mean, p50, p99 or max.',
    labels: ['statistic'],
  },
  sourceFailures: {
    name: 'loom.metrics.source.failures',
    kind: 'counter',
    unit: '{reading}',
    description: 'Readings of a source of gauges that failed or took too long.',
    labels: ['source'],
  },
} as const satisfies Readonly<Record<string, Instrument>>;

export type InstrumentKey = keyof typeof instruments;

/**
 * Name of an instrument in Prometheus: dots become underscores, the unit is spelt out, a counter ends in `_total`.
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function prometheusName({ name, kind, unit }: Instrument): string {
  const suffix = `${unit === 's' ? '_seconds' : ''}${kind === 'counter' ? '_total' : ''}`;
  return `${name.replaceAll('.', '_')}${suffix}`;
}
