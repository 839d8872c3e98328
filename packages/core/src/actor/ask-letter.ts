import { LoomError } from '../errors/loom-error.js';
import { crowdOf } from '../internal/abort-crowd.js';
import type { Abortable } from '../internal/abort-crowd.js';
import { isObject, typeName } from '../internal/is-object.js';
import type { MessageEnvelope } from '../message/envelope.js';
import type { Cell } from './cell.js';
import * as is from './cell-state.js';
import type { DeadLetterReason } from './dead-letters.js';
import { Letter } from './letter.js';

/** A message whose sender waits for what the handler returns. */
export class AskLetter extends Letter implements Abortable {
  readonly timeoutMs: number;
  /** The actor asked. */
  readonly cell: Cell;
  resolve!: (value: unknown) => void;
  reject!: (error: unknown) => void;
  #crowd: Set<Abortable> | undefined;

  constructor(body: unknown, envelope: MessageEnvelope | undefined, cell: Cell, timeoutMs: number) {
    super(body, envelope);
    this.cell = cell;
    this.timeoutMs = timeoutMs;
  }

  /** Ends the ask when `signal` is aborted. */
  listen(signal: AbortSignal): void {
    this.#crowd = crowdOf(signal).add(this);
  }

  override succeed(value: unknown): void {
    if (this.#end()) this.resolve(value);
  }

  override fail(error: unknown): void {
    if (this.#end()) this.reject(error);
  }

  override abandon(cell: Cell, reason: DeadLetterReason, cause?: unknown): void {
    if (!this.ended) this.fail(notAnswered(cell.path, describeMessage(this.body), reason, cause));
  }

  override expire(): void {
    const { cell, timeoutMs } = this;
    const { path: actor, count: waiting } = cell;
    const message = `Actor "${actor}" did not answer ${describeMessage(this.body)} within ${timeoutMs} ms; ${this.#whyNot()}.`;
    this.abort(new LoomError('LOOM_TIMEOUT', message, { actor, timeoutMs, waiting }));
  }

  #whyNot(): string {
    const { cell } = this;
    if (cell.current === this) return 'its handler has not returned';
    if (is.any(cell, is.suspended)) return 'it is starting or restarting';
    return `${cell.count} messages wait in its mailbox`;
  }

  abort(reason: unknown): void {
    this.fail(reason);
    this.cancel(reason);
  }

  /** @returns whether it had not ended before */
  #end(): boolean {
    if (this.ended) return false;
    this.line?.remove(this);
    this.#crowd?.delete(this);
    return (this.ended = true);
  }
}

/** Names a message by its discriminant, never by its content. */
export function describeMessage(message: unknown): string {
  if (!isObject(message)) return `a ${typeName(message)}`;
  for (const key of ['type', 'kind'] as const) {
    const name = (message as Readonly<Record<string, unknown>>)[key];
    if (typeof name === 'string') return `"${name}"`;
  }
  return 'a message';
}

export function notAnswered(
  actor: string,
  what: string,
  reason: DeadLetterReason,
  cause?: unknown,
): LoomError {
  const options = cause === undefined ? {} : { cause };
  if (reason === 'stopped') {
    const message = `Actor "${actor}" stopped before it handled ${what}.`;
    return new LoomError('LOOM_ACTOR_STOPPED', message, { actor }, options);
  }
  const message = `The mailbox of actor "${actor}" is full, so ${what} was not taken. Send less, or raise mailbox.capacity.`;
  return new LoomError('LOOM_MAILBOX_FULL', message, { actor, reason }, options);
}
