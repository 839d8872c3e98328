import { BinaryHeap } from './binary-heap.js';
import type { StoredMessage } from './stored-message.js';

/**
 * Messages that are not due yet, the earliest first. One that is removed stays in the heap until it comes up, or
 * until more than half of the heap is like it.
 */
export class DelayedMessages {
  readonly #present = new Map<number, StoredMessage>();
  #heap = new BinaryHeap<StoredMessage>(isDueBefore);

  get size(): number {
    return this.#present.size;
  }

  get first(): StoredMessage | undefined {
    let { first } = this.#heap;
    while (first && !this.#present.has(first.sequence)) {
      this.#heap.pop();
      first = this.#heap.first;
    }
    return first;
  }

  find(sequence: number): StoredMessage | undefined {
    return this.#present.get(sequence);
  }

  [Symbol.iterator](): Iterator<StoredMessage> {
    return this.#present.values();
  }

  push(message: StoredMessage): void {
    this.#present.set(message.sequence, message);
    this.#heap.push(message);
  }

  pop(): StoredMessage | undefined {
    const { first } = this;
    if (first) this.#present.delete(first.sequence);
    return first;
  }

  /** For one that is here. It must not come again. */
  remove({ sequence }: StoredMessage): void {
    this.#present.delete(sequence);
    if (this.#heap.size <= 2 * this.#present.size) return;
    this.#heap = new BinaryHeap(isDueBefore);
    for (const one of this.#present.values()) this.#heap.push(one);
  }
}

function isDueBefore(a: StoredMessage, b: StoredMessage): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.sequence < b.sequence);
}
