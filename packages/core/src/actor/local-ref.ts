import { wholeNumber } from '../internal/numeric-option.js';
import { createEnvelope } from '../message/create-envelope.js';
import type { MessageEnvelope } from '../message/envelope.js';
import type { ActorRef, AskOptions, StopOptions, TellOptions } from './actor-ref.js';
import { AskLetter } from './ask-letter.js';
import type { Cell } from './cell.js';
import { requestStop } from './lifecycle.js';
import { Letter } from './letter.js';

/** Address of an actor in this process. */
export class LocalRef implements ActorRef {
  /** Changes when an actor of a registered type is put away and another cell takes its key. */
  cell: Cell;

  constructor(cell: Cell) {
    this.cell = cell;
  }

  get path(): string {
    return this.cell.path;
  }

  tell(message: unknown, options?: TellOptions): void {
    const { cell } = this;
    cell.post(
      options === undefined
        ? message
        : new Letter(message, envelopeOf(message, cell, options), options.replyTo),
    );
  }

  ask<Reply>(message: unknown, options?: AskOptions): Promise<Reply> {
    const { cell } = this;
    const { system } = cell;
    // What is thrown in here rejects.
    return new Promise<Reply>((resolve, reject) => {
      let letter: AskLetter;
      if (options === undefined) letter = new AskLetter(message, undefined, cell, system.askTimeoutMs);
      else {
        const { signal } = options;
        signal?.throwIfAborted();
        const timeoutMs = wholeNumber('timeoutMs', options.timeoutMs, system.askTimeoutMs, 1);
        letter = new AskLetter(message, envelopeOf(message, cell, options), cell, timeoutMs);
        if (signal) letter.listen(signal);
      }
      letter.resolve = resolve as (value: unknown) => void;
      letter.reject = reject;
      cell.post(letter);
      // A stopped actor has refused it by now: no timer for that.
      if (!letter.ended) system.asks.add(letter, letter.timeoutMs);
    });
  }

  stop(options?: StopOptions): Promise<void> {
    const { cell } = this;
    return requestStop(cell.spec.home?.present(cell) ?? cell, options?.drain === true);
  }

  toJSON(): string {
    return this.path;
  }
}

/** None for options that say nothing about the message itself. */
function envelopeOf(body: unknown, cell: Cell, options: TellOptions): MessageEnvelope | undefined {
  const { headers, correlationId, causationId, idempotencyKey, expiresInMs, priority, replyTo } = options;
  const said = headers ?? correlationId ?? causationId ?? idempotencyKey ?? replyTo;
  const isPlain = said === undefined && expiresInMs === undefined && priority === undefined;
  return isPlain ? undefined : createEnvelope(body, cell.path, options, cell.system);
}
