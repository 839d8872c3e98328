import { notAnswered } from '../actor/ask-letter.js';
import type { Cell } from '../actor/cell.js';
import type { TaskContext } from '../actor/context.js';
import type { DeadLetterReason } from '../actor/dead-letters.js';
import { Letter } from '../actor/letter.js';
import { crowdOf } from '../internal/abort-crowd.js';
import type { Abortable } from '../internal/abort-crowd.js';
import { errorRecord } from '../errors/error-record.js';
import { isLoomError, LoomError } from '../errors/loom-error.js';
import type { Headers, MessageEnvelope } from '../message/envelope.js';
import { toJsonText } from '../message/json-text.js';
import type { Logger } from '../ports/logger.js';
import type { ModelDecision, TaskOutcome, TaskRequest } from './task.js';
import type { TaskPool } from './task-pool.js';

export interface RunOptions {
  /**
   * Ends the attempt at once as `aborted`, also when the handler takes no notice. Read when the task waits
   * or its handler asks for it, so it may be a getter; who hands out a task checks it before.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called when its handler gets it: at once, or after it has waited for a place. What it throws is logged. */
  readonly onStart?: (() => void) | undefined;
  /** Called with what a handler passes to `context.progress`. What it throws is logged. */
  readonly onProgress?: ((data: unknown) => void) | undefined;
  /** Called on `context.heartbeat()`. What it throws is logged. */
  readonly onHeartbeat?: (() => void) | undefined;
}

export const aborted: TaskOutcome = Object.freeze({ kind: 'aborted' });
const noHeaders: Headers = Object.freeze({});

/**
 * One attempt of one task: the letter an actor gets, and the context of a handler that is a function.
 * Everything but the outcome is made when it is asked for.
 */
export class TaskRun extends Letter implements Abortable, TaskContext {
  override readonly task: TaskRequest;
  readonly pool: TaskPool;
  readonly #options: RunOptions | undefined;
  /** The actor that serves it, when it is not a function. */
  cell: Cell | undefined;
  outcome: TaskOutcome | undefined;
  #decisions: ModelDecision[] | undefined;
  #resolve: ((outcome: TaskOutcome) => void) | undefined;
  #crowd: Set<Abortable> | undefined;

  constructor(task: TaskRequest, options: RunOptions | undefined, pool: TaskPool) {
    super(task.input);
    this.task = task;
    this.pool = pool;
    this.#options = options;
  }

  /** The outcome when it is known, else a promise of it. */
  settled(): TaskOutcome | Promise<TaskOutcome> {
    if (this.outcome) return this.outcome;
    const signal = this.#options?.signal;
    if (signal?.aborted) this.abort(signal.reason);
    else if (signal) this.#crowd = crowdOf(signal).add(this);
    return this.outcome ?? new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Takes the outcome from `result`. Stays attached after an abort, so that a late rejection is handled. */
  follow(result: PromiseLike<unknown>): void {
    Promise.resolve(result).then(
      (value) => this.succeed(value),
      (error: unknown) => this.fail(error),
    );
  }

  override succeed(value: unknown): void {
    if (this.outcome) return;
    const { what, host } = this.pool;
    try {
      this.#end({ kind: 'completed', output: toJsonText(value, { what, maxBytes: host.maxPayloadBytes }) });
    } catch (error) {
      this.fail(error);
    }
  }

  override fail(error: unknown): void {
    if (!this.outcome) this.#end(failure(error));
  }

  abort(reason: unknown): void {
    this.#endEarly(aborted, reason);
  }

  override expire(): void {
    const { actor, timeoutMs } = this.task;
    const message = `Actor "${actor}" took longer than timeoutMs (${timeoutMs}) for ${describeTask(this.task)}.`;
    const error = new LoomError('LOOM_TIMEOUT', message, { ...placeOf(this.task), actor, timeoutMs });
    this.#endEarly(failure(error), error);
  }

  override abandon(cell: Cell, reason: DeadLetterReason, cause?: unknown): void {
    this.fail(cause ?? notAnswered(cell.path, 'the task', reason));
  }

  override get isEssential(): boolean {
    return true;
  }

  #endEarly(outcome: TaskOutcome, reason: unknown): void {
    if (this.outcome) return;
    this.outcome = outcome;
    this.cancel(reason);
    this.#end(outcome);
  }

  #end(outcome: TaskOutcome): void {
    const decided = this.#decisions ? { ...outcome, decisions: this.#decisions } : outcome;
    this.outcome = decided;
    this.ended = true;
    this.#crowd?.delete(this);
    this.pool.ended(this);
    this.#resolve?.(decided);
  }

  override get signal(): AbortSignal {
    const given = this.#options?.signal;
    if (given?.aborted) this.cancel(given.reason);
    return super.signal;
  }
  get logger(): Logger {
    return this.pool.logger.child(placeOf(this.task));
  }
  override loggerFor(): Logger {
    return this.logger;
  }
  override get attempt(): number {
    return this.task.attempt;
  }
  get idempotencyKey(): string {
    return this.task.idempotencyKey;
  }
  get executionId(): string {
    return this.task.executionId;
  }
  get stage(): string {
    return this.task.stage;
  }
  get index(): number {
    return this.task.index;
  }
  get trace(): Headers {
    return this.task.headers ?? noHeaders;
  }
  get envelope(): MessageEnvelope {
    const { executionId, actor, input, idempotencyKey } = this.task;
    return {
      id: handOutId(this.task),
      to: actor,
      body: input,
      correlationId: executionId,
      idempotencyKey,
      headers: this.trace,
      priority: this.task.priority ?? 0,
      createdAt: this.pool.host.clock.now(),
    };
  }
  override envelopeFor(): MessageEnvelope {
    return this.envelope;
  }
  start(): void {
    this.#tell(this.#options?.onStart, undefined);
  }
  override heartbeat(): void {
    this.#tell(this.#options?.onHeartbeat, undefined);
  }
  override progress(data: unknown): void {
    this.#tell(this.#options?.onProgress, data);
  }

  override decision(decision: ModelDecision): void {
    try {
      const text = toJsonText(decision, { what: 'decision', maxBytes: 65_536 });
      if (!this.outcome) (this.#decisions ??= []).push(JSON.parse(text) as ModelDecision);
    } catch (error) {
      this.logger.warn('Decision was not recorded', { error });
    }
  }

  #tell(listener: ((data: unknown) => void) | undefined, data: unknown): void {
    if (!listener || this.outcome) return;
    try {
      listener(data);
    } catch (error) {
      this.logger.warn('Listener of a running task failed', { error });
    }
  }
}

/** Which attempt of which task: the fields that logs, errors and reports share. */
export function placeOf({ executionId, stage, index, attempt }: TaskRequest) {
  return { executionId, stage, index, attempt };
}

export function describeTask(task: TaskRequest): string {
  return `task ${task.index} of stage "${task.stage}", attempt ${task.attempt} in execution ${task.executionId}`;
}

/** The same for every delivery of one hand-out, and for no other. */
export function handOutId({ executionId, stage, index, token }: TaskRequest): string {
  return `${executionId}/${stage}/${index}/${token}`;
}

export function failure(error: unknown): TaskOutcome {
  const record = errorRecord(error);
  // The same code on the same input will return the same kind of thing.
  const hopeless =
    isLoomError(error, 'LOOM_NOT_SERIALISABLE') || isLoomError(error, 'LOOM_PAYLOAD_TOO_LARGE');
  return { kind: 'failed', error: hopeless ? { ...record, retryable: false } : record };
}
