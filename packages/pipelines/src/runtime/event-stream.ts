import type { ExecutionEvent } from '@certoai/loom-core';

/** Events of one execution as an async iterator. It holds what its reader has not taken yet. */
export class EventStream implements AsyncIterableIterator<ExecutionEvent> {
  readonly #events: ExecutionEvent[] = [];
  readonly #release: () => void;
  #waiting: ((result: IteratorResult<ExecutionEvent, undefined>) => void)[] = [];
  #ended = false;

  /** @param listen - starts listening and returns how to stop */
  constructor(listen: (listener: (event: ExecutionEvent) => void) => () => void) {
    this.#release = listen((event) => this.#push(event));
  }

  next(): Promise<IteratorResult<ExecutionEvent, undefined>> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<ExecutionEvent, undefined>> {
    this.end();
    this.#events.length = 0;
    return Promise.resolve({ value: undefined, done: true });
  }

  /** No further events; those held can still be read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    for (const resolve of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #push(event: ExecutionEvent): void {
    const resolve = this.#waiting.shift();
    if (resolve === undefined) this.#events.push(event);
    else resolve({ value: event, done: false });
    if (event.type === 'execution:finished') this.end();
  }
}
