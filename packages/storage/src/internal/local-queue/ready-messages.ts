import { Deque } from './deque.js';
import type { StoredMessage } from './stored-message.js';

/** Messages that could be delivered now: the highest priority first, and in the order they came within one. */
export class ReadyMessages {
  readonly #lanes = new Map<number, Deque<StoredMessage>>();
  /** Priorities that have a lane, highest first: rarely more than a few. */
  #priorities: number[] = [];
  #size = 0;
  /** Withdrawn, and still in their lanes. */
  #removed = 0;

  get size(): number {
    return this.#size;
  }

  /** Since when the one that waits longest has been ready; `undefined` when there is none. */
  get oldestReadySince(): number | undefined {
    let oldest: number | undefined;
    for (const lane of this.#lanes.values()) {
      this.#skipRemoved(lane);
      const { front } = lane;
      if (front && (oldest === undefined || front.dueAt < oldest)) oldest = front.dueAt;
    }
    return oldest;
  }

  add(message: StoredMessage): void {
    this.#lane(message.priority).pushBack(message);
    this.#size += 1;
  }

  /** For one that was taken and comes back as if it had not been. */
  putBack(message: StoredMessage): void {
    this.#lane(message.priority).pushFront(message);
    this.#size += 1;
  }

  take(): StoredMessage | undefined {
    if (this.#size === 0) return undefined;
    for (const priority of this.#priorities) {
      const lane = this.#lane(priority);
      this.#skipRemoved(lane);
      const message = lane.popFront();
      if (message === undefined) continue;
      this.#size -= 1;
      return message;
    }
    return undefined;
  }

  *[Symbol.iterator](): Iterator<StoredMessage> {
    for (const lane of this.#lanes.values()) {
      for (let index = 0; index < lane.size; index += 1) {
        const message = lane.at(index);
        if (message && !message.withdrawn) yield message;
      }
    }
  }

  /** For one that is here. It must not come again. */
  remove(message: StoredMessage): void {
    message.withdrawn = true;
    this.#size -= 1;
    this.#removed += 1;
    if (this.#removed > this.#size) this.#sweep();
  }

  #skipRemoved(lane: Deque<StoredMessage>): void {
    for (; lane.front?.withdrawn; this.#removed -= 1) lane.popFront();
  }

  #sweep(): void {
    for (const lane of this.#lanes.values()) {
      for (let left = lane.size; left > 0; left -= 1) {
        const message = lane.popFront();
        if (message && !message.withdrawn) lane.pushBack(message);
      }
    }
    this.#removed = 0;
  }

  #lane(priority: number): Deque<StoredMessage> {
    let lane = this.#lanes.get(priority);
    if (lane === undefined) {
      lane = new Deque();
      this.#lanes.set(priority, lane);
      this.#priorities = [...this.#priorities, priority].toSorted((a, b) => b - a);
    }
    return lane;
  }
}
