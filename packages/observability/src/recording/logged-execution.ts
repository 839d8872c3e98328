import type { ErrorRecord, ExecutionEvent, ModelDecision } from '@certoai/loom-core';
import type { ExecutionSpan } from '../span/execution-span.js';
import type { ExecutionSummary } from '../summary/execution-summary.js';
import { ExecutionTrace } from './execution-trace.js';
import { KeptValues } from './kept-values.js';

type Event<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { readonly type: Type }>;

/** What few reports say. Those of failed attempts have an error. */
export interface LoggedReport {
  readonly queuedMs?: number | undefined;
  readonly worker?: string | undefined;
  readonly error?: ErrorRecord | undefined;
  readonly willRetry?: boolean | undefined;
  readonly delayMs?: number | undefined;
}

/** What the lists below hold: plain JSON. */
export type LogValue = string | number | null | ErrorRecord | LoggedReport | ModelDecision;

/**
 * A finished execution as its events told it, in a few flat lists. It takes a fraction of the time and the memory of
 * its spans, which are made of it when somebody reads them. Stores keep it as JSON, so this is a format: what changes
 * here must still read what was written before. Values were cut and masked before.
 */
export interface LoggedExecution {
  readonly executionId: string;
  readonly name?: string | undefined;
  readonly tags: readonly string[];
  readonly traceparent?: string | undefined;
  /** Milliseconds since the epoch. All times below count from here. */
  readonly startedAt: number;
  /** In the order in which they were first seen, {@link stageWidth} values each. */
  readonly stages: readonly LogValue[];
  /** In the order in which they were handed out, {@link attemptWidth} values each. */
  readonly attempts: readonly LogValue[];
  /** In the order in which they came, {@link decisionWidth} values each; absent when there were none. */
  readonly decisions?: readonly LogValue[] | undefined;
  readonly endedAt: number;
  readonly status: Event<'execution:finished'>['status'];
  readonly error?: ErrorRecord | undefined;
}

/** As it is while the execution goes on. */
export type UnfinishedLog = Omit<LoggedExecution, 'endedAt' | 'status'> & {
  readonly endedAt?: number | undefined;
  readonly status?: LoggedExecution['status'] | undefined;
};

/** Name, start or null, tasks, end or null, how it ended: the error of a failed one, else a name. */
export const stageWidth = 5;

/** Number of its stage, index, attempt, token, actor, hand-out, end or null, its `durationMs`, and what else it reported or null. */
export const attemptWidth = 9;

/** Number of its attempt, its own number, time, and what it was. */
export const decisionWidth = 4;

const untouched = { kept: new KeptValues(), maxSpans: Infinity, admit: () => true };

export function spansIn({ stages, attempts }: Pick<LoggedExecution, 'stages' | 'attempts'>): number {
  return 1 + stages.length / stageWidth + attempts.length / attemptWidth;
}

/** All its spans, in no particular order. */
export function spansOfLog(log: LoggedExecution): ExecutionSpan[] {
  return traceOfLog(log).takeChanged(Infinity);
}

export function summaryOfLog(log: LoggedExecution): ExecutionSummary {
  return traceOfLog(log).summary();
}

function traceOfLog(log: LoggedExecution): ExecutionTrace {
  const trace = new ExecutionTrace(log.executionId, untouched);
  for (const event of eventsOfLog(log)) trace.fold(event);
  return trace;
}

/** The events it was made of, in another order. Without an end while it has none. */
export function* eventsOfLog(log: UnfinishedLog): Generator<ExecutionEvent> {
  const { executionId, startedAt, name, tags, traceparent, endedAt, status, error } = log;
  yield { type: 'execution:started', executionId, at: startedAt, name, tags, traceparent };
  const stages: string[] = [];
  for (let place = 0; place < log.stages.length; place += stageWidth) {
    const [stage, start, tasks] = log.stages.slice(place, place + stageWidth) as [
      string,
      number | null,
      number,
    ];
    stages.push(stage);
    if (start !== null) yield { type: 'stage:started', executionId, at: startedAt + start, stage, tasks };
    // Its end here, too: a stage that did nothing else has to be the next one that is seen.
    const end = stageEnd(log, place);
    if (end !== undefined) yield end;
  }
  for (let place = 0; place < log.attempts.length; place += attemptWidth) {
    yield* attemptEvents(log, stages, place);
  }
  for (let place = 0; place < (log.decisions?.length ?? 0); place += decisionWidth) {
    yield decisionEvent(log, stages, place);
  }
  if (endedAt !== undefined && status !== undefined)
    yield { type: 'execution:finished', executionId, at: startedAt + endedAt, status, error };
}

function stageEnd(
  { executionId, startedAt, stages }: Pick<LoggedExecution, 'executionId' | 'startedAt' | 'stages'>,
  place: number,
): ExecutionEvent | undefined {
  const [stage, , tasks, end, outcome] = stages.slice(place, place + stageWidth) as [
    string,
    number | null,
    number,
    number | null,
    LogValue,
  ];
  if (end === null) return undefined;
  const at = startedAt + end;
  switch (outcome) {
    case 'completed':
      return { type: 'stage:completed', executionId, at, stage, tasks, failed: 0 };
    case 'skipped':
      return { type: 'stage:skipped', executionId, at, stage };
    case 'cancelled':
      return { type: 'stage:cancelled', executionId, at, stage };
    default:
      return { type: 'stage:failed', executionId, at, stage, error: outcome as ErrorRecord };
  }
}

function* attemptEvents(
  { executionId, startedAt, attempts }: Pick<LoggedExecution, 'executionId' | 'startedAt' | 'attempts'>,
  stages: readonly string[],
  place: number,
): Generator<ExecutionEvent> {
  const [number, index, attempt, token, actor, handedOutAt, end, durationMs, more] = attempts.slice(
    place,
    place + attemptWidth,
  ) as [number, number, number, number, string, number, number | null, number, LoggedReport | null];
  const task = { executionId, stage: stages[number] ?? '', index, attempt, token, actor };
  yield { ...task, type: 'task:started', at: startedAt + handedOutAt };
  if (end === null) return;
  const { error, willRetry = false, delayMs, ...where } = more ?? {};
  const report = { ...task, ...where, at: startedAt + end, durationMs };
  if (error === undefined) yield { ...report, type: 'task:completed' };
  else yield { ...report, type: 'task:failed', error, willRetry, delayMs };
}

function decisionEvent(
  { executionId, startedAt, attempts, decisions = [] }: UnfinishedLog,
  stages: readonly string[],
  place: number,
): ExecutionEvent {
  const [of, number, at, decision] = decisions.slice(place, place + decisionWidth) as [
    number,
    number,
    number,
    ModelDecision,
  ];
  const [stage, index, attempt, token, actor] = attempts.slice(
    of * attemptWidth,
    (of + 1) * attemptWidth,
  ) as [number, number, number, number, string];
  return {
    type: 'task:decided',
    executionId,
    at: startedAt + at,
    stage: stages[stage] ?? '',
    index,
    attempt,
    token,
    actor,
    number,
    decision,
  };
}
