import type { ErrorRecord, ExecutionEvent } from '@certoai/loom-core';
import { parseTraceparent } from '../span/traceparent.js';
import { keptDecisions } from './attempt-extras.js';
import type { FoldOutcome, TraceSurroundings } from './execution-trace.js';
import {
  attemptWidth,
  decisionWidth,
  eventsOfLog,
  stageWidth,
  type LoggedExecution,
  type LoggedReport,
  type LogValue,
  type UnfinishedLog,
} from './logged-execution.js';
import { isWellFormed } from './well-formed.js';

type Event<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { readonly type: Type }>;
type TaskPlace = Pick<Event<'task:started'>, 'stage' | 'index' | 'attempt' | 'token' | 'actor'>;
type StageEndEvent = Event<'stage:completed' | 'stage:failed' | 'stage:skipped' | 'stage:cancelled'>;

/** Spans of one log: more would make too long a turn of the event loop when they are read, or when it is outgrown. */
const most = 4_096;

/** Decisions of one log, for the same reason. */
const mostDecisions = 1_024;

/** Where a stage is in the lists. */
interface LoggedStage {
  readonly number: number;
  /** Of its latest attempt, by the index of the task. */
  readonly attempts: (number | undefined)[];
}

/**
 * One execution while it is recorded and goes as most do: every event comes once, in order, and by one clock. Then it
 * is enough to note it, and spans are made when somebody reads them. For anything else it is `outgrown`, and an
 * `ExecutionTrace` goes on from its {@link events}.
 */
export class ExecutionLog {
  readonly executionId: string;
  readonly #surroundings: TraceSurroundings;
  readonly #known = new Map<string, LoggedStage>();
  readonly #stages: LogValue[] = [];
  readonly #attempts: LogValue[] = [];
  /** Made with the first, as below. */
  #decisions: LogValue[] | undefined;
  /** How many, by the place of their attempt. */
  #decided: Map<number, number> | undefined;
  #start: Pick<LoggedExecution, 'name' | 'tags' | 'traceparent'> | undefined;
  #startedAt = 0;
  #spans = 1;
  #end: Pick<LoggedExecution, 'endedAt' | 'status' | 'error'> | undefined;

  constructor(executionId: string, surroundings: TraceSurroundings) {
    this.executionId = executionId;
    this.#surroundings = surroundings;
  }

  get finished(): boolean {
    return this.#end !== undefined;
  }

  get spans(): number {
    return this.#spans;
  }

  /** Has as many spans as one execution may have, whatever room there is. */
  get full(): boolean {
    return this.#spans >= this.#surroundings.maxSpans;
  }

  /** Only when it is {@link finished}. */
  get logged(): LoggedExecution {
    return this.#logged as LoggedExecution;
  }

  /** What it was told, in another order. */
  get events(): Iterable<ExecutionEvent> {
    return this.#start === undefined ? [] : eventsOfLog(this.#logged);
  }

  /** @returns as a trace does, or `outgrown` for what is right and cannot be noted; nothing is changed then */
  fold(event: ExecutionEvent): FoldOutcome | 'outgrown' {
    if (!isWellFormed(event)) return 'malformed';
    // Differences to whole numbers give the same time again, whatever they are added to.
    const { attributes } = event as { readonly attributes?: unknown };
    if (attributes !== undefined || !Number.isSafeInteger(event.at)) return 'outgrown';
    if (event.type === 'execution:started') return this.#begin(event);
    if (this.#start === undefined || this.#end !== undefined) return 'outgrown';
    switch (event.type) {
      case 'stage:started':
        return this.#known.has(event.stage) ? 'outgrown' : this.#addStage(event, event.tasks);
      case 'stage:completed':
      case 'stage:failed':
      case 'stage:skipped':
      case 'stage:cancelled':
        return this.#endStage(event);
      case 'task:started':
        return this.#handOut(event);
      case 'task:completed':
      case 'task:failed':
        return this.#report(event);
      case 'execution:finished':
        return this.#finish(event);
      case 'task:decided':
        return this.#decide(event);
      default:
        return 'outgrown';
    }
  }

  get #logged(): UnfinishedLog {
    const { name, tags = [], traceparent } = this.#start ?? {};
    return {
      executionId: this.executionId,
      name,
      tags,
      traceparent,
      startedAt: this.#startedAt,
      stages: this.#stages,
      attempts: this.#attempts,
      decisions: this.#decisions,
      endedAt: this.#end?.endedAt,
      status: this.#end?.status,
      error: this.#end?.error,
    };
  }

  #admit(): boolean {
    if (this.full || !this.#surroundings.admit()) return false;
    this.#spans += 1;
    return true;
  }

  #begin({ at, name, tags, traceparent }: Event<'execution:started'>): FoldOutcome | 'outgrown' {
    if (this.#start !== undefined) return 'outgrown';
    const { kept } = this.#surroundings;
    // One that is not valid counts as none, and may be of any size.
    const parent = parseTraceparent(traceparent) === undefined ? undefined : traceparent;
    this.#start = { name, tags: kept.tags(tags), traceparent: parent };
    this.#startedAt = at;
    return 'folded';
  }

  /** @param tasks - of one that began with this event; undefined for one that is over before */
  #addStage(
    { stage, at }: { readonly stage: string; readonly at: number },
    tasks: number | undefined,
  ): FoldOutcome | 'outgrown' {
    // At once, while there is little to make a trace of.
    if (this.#spans + (tasks ?? 0) >= most) return 'outgrown';
    if (!this.#admit()) return 'no-room';
    this.#known.set(stage, { number: this.#known.size, attempts: [] });
    this.#stages.push(stage, tasks === undefined ? null : at - this.#startedAt, tasks ?? 0, null, null);
    return 'folded';
  }

  #endStage(event: StageEndEvent): FoldOutcome | 'outgrown' {
    // Read first: an error that throws must leave nothing half done.
    const outcome = this.#outcomeOf(event);
    const known = this.#known.get(event.stage);
    if (known === undefined) {
      const added = this.#addStage(event, undefined);
      if (added !== 'folded') return added;
    }
    const place = (known?.number ?? this.#known.size - 1) * stageWidth;
    if (this.#stages[place + 3] !== null) return 'outgrown';
    if (known === undefined && event.type === 'stage:completed') this.#stages[place + 2] = event.tasks;
    this.#stages[place + 3] = event.at - this.#startedAt;
    this.#stages[place + 4] = outcome;
    return 'folded';
  }

  #outcomeOf(event: StageEndEvent): LogValue {
    switch (event.type) {
      case 'stage:completed':
        return 'completed';
      case 'stage:skipped':
        return 'skipped';
      case 'stage:cancelled':
        return 'cancelled';
      case 'stage:failed':
        return this.#surroundings.kept.error(event.error);
    }
  }

  #handOut({ stage, index, attempt, token, actor, at }: Event<'task:started'>): FoldOutcome | 'outgrown' {
    const known = this.#known.get(stage);
    if (known === undefined || this.#spans >= most || index >= most) return 'outgrown';
    const { number, attempts } = known;
    // Nothing comes twice: the first attempt, or the next one of a task that failed.
    const before = attempts[index];
    if (before !== undefined && (this.#attempts[before + 2] as number) >= attempt) return 'outgrown';
    if (!this.#admit()) return 'no-room';
    attempts[index] = this.#attempts.length;
    const handedOutAt = at - this.#startedAt;
    this.#attempts.push(number, index, attempt, token, actor, handedOutAt, null, null, null);
    return 'folded';
  }

  #report(event: Event<'task:completed' | 'task:failed'>): FoldOutcome | 'outgrown' {
    const values = this.#attempts;
    const place = this.#placeOf(event);
    if (place === undefined) return 'outgrown';
    values[place + 8] = this.#more(event);
    values[place + 6] = event.at - this.#startedAt;
    values[place + 7] = event.durationMs;
    return 'folded';
  }

  /** Those of a hand-out come in order. */
  #decide({ number, decision, ...event }: Event<'task:decided'>): FoldOutcome | 'outgrown' {
    const place = this.#placeOf(event);
    const decided = (this.#decided ??= new Map());
    const decisions = (this.#decisions ??= []);
    if (place === undefined || (decided.get(place) ?? 0) !== number) return 'outgrown';
    if (decisions.length >= mostDecisions * decisionWidth) return 'outgrown';
    const kept = this.#surroundings.kept.decision(decision, number < keptDecisions);
    decisions.push(place / attemptWidth, number, event.at - this.#startedAt, kept);
    decided.set(place, number + 1);
    return 'folded';
  }

  /** Of the attempt it is about, which has not reported yet. */
  #placeOf({ stage, index, attempt, token, actor }: TaskPlace): number | undefined {
    const values = this.#attempts;
    const place = this.#known.get(stage)?.attempts[index];
    if (place === undefined) return undefined;
    const isTheOne = values[place + 2] === attempt && values[place + 3] === token;
    return isTheOne && values[place + 4] === actor && values[place + 6] === null ? place : undefined;
  }

  #more(event: Event<'task:completed' | 'task:failed'>): LoggedReport | null {
    const { kept } = this.#surroundings;
    const { queuedMs } = event;
    const worker = event.worker === undefined ? undefined : kept.name(event.worker);
    if (event.type === 'task:failed') {
      const { error, willRetry, delayMs } = event;
      return { queuedMs, worker, error: kept.error(error), willRetry: willRetry === true, delayMs };
    }
    return queuedMs === undefined && worker === undefined ? null : { queuedMs, worker };
  }

  #finish({ at, status, error }: Event<'execution:finished'>): FoldOutcome {
    const kept: ErrorRecord | undefined = error && this.#surroundings.kept.error(error);
    this.#end = { endedAt: at - this.#startedAt, status, error: kept };
    return 'folded';
  }
}
