import type { ExecutionEvent } from '@certoai/loom-core';

/**
 * Events that were observed and not yet dealt with, first in first out. Adding is a plain push; reading
 * goes through one array while the next fills up, so nothing is ever moved.
 */
export class EventBuffer {
  #incoming: (ExecutionEvent | undefined)[] = [];
  #outgoing: (ExecutionEvent | undefined)[] = [];
  #next = 0;

  push(event: ExecutionEvent): void {
    this.#incoming.push(event);
  }

  /** The oldest event; only when there is one. */
  first(): ExecutionEvent {
    if (this.#next === this.#outgoing.length) {
      this.#outgoing = this.#incoming;
      this.#incoming = [];
      this.#next = 0;
    }
    return this.#outgoing[this.#next] as ExecutionEvent;
  }

  /** Lets go of the {@link first}, at once and not when the array is through. */
  removeFirst(): void {
    this.#outgoing[this.#next] = undefined;
    this.#next += 1;
  }

  get size(): number {
    return this.#incoming.length + this.#outgoing.length - this.#next;
  }
}
