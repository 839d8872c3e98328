import type { Clock } from '../ports/clock.js';

/** Something that ends by itself unless it is removed in time. */
export abstract class Deadline {
  /** Set by {@link Deadlines}: milliseconds since its epoch, a small number that needs no allocation. */
  due = 0;
  line: Line | undefined;
  next: Deadline | undefined;
  previous: Deadline | undefined;
  abstract expire(): void;
}

/** Deadlines of equal length, in the order of their times. The links are in them: joining allocates nothing. */
class Line {
  first: Deadline | undefined;
  last: Deadline | undefined;

  push(deadline: Deadline): void {
    deadline.line = this;
    deadline.previous = this.last;
    if (this.last) this.last.next = deadline;
    else this.first = deadline;
    this.last = deadline;
  }

  remove(deadline: Deadline): void {
    const { next, previous } = deadline;
    if (previous) previous.next = next;
    else this.first = next;
    if (next) next.previous = previous;
    else this.last = previous;
    deadline.next = deadline.previous = deadline.line = undefined;
  }
}

/**
 * Any number of deadlines on one timer of the clock. Those of equal length are in line by the order they
 * were added, so adding and removing is O(1): an ask costs no timer of its own.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #maxWaitMs: number;
  readonly #lines = new Map<number, Line>();
  #epochMs = 0;
  #firesAt = Infinity;
  #cancel: (() => void) | undefined;

  /**
   * @param maxWaitMs - the timer is set no further ahead, and not again when nothing is pending. So the
   *   process can end this soon after the last deadline was removed, and removing needs no `cancel`.
   */
  constructor(clock: Clock, maxWaitMs: number) {
    this.#clock = clock;
    this.#maxWaitMs = maxWaitMs;
  }

  add(deadline: Deadline, ms: number): void {
    const nowMs = this.#clock.now();
    if (this.#firesAt === Infinity) this.#epochMs = nowMs;
    deadline.due = nowMs - this.#epochMs + ms;
    let line = this.#lines.get(ms);
    if (!line) this.#lines.set(ms, (line = new Line()));
    line.push(deadline);
    if (deadline.due < this.#firesAt) this.#arm(nowMs - this.#epochMs, deadline.due);
  }

  remove(deadline: Deadline | undefined): void {
    deadline?.line?.remove(deadline);
  }

  close(): void {
    this.#cancel?.();
    this.#lines.clear();
    this.#firesAt = Infinity;
  }

  #arm(now: number, due: number): void {
    const waitMs = Math.min(due - now, this.#maxWaitMs);
    if (this.#firesAt <= now + waitMs) return;
    this.#cancel?.();
    this.#firesAt = now + waitMs;
    this.#cancel = this.#clock.setTimer(Math.max(waitMs, 0), () => this.#fire());
  }

  #fire(): void {
    this.#firesAt = Infinity;
    const now = this.#clock.now() - this.#epochMs;
    // Collected first: what expires may add and remove others.
    const expired: Deadline[] = [];
    let earliest = Infinity;
    for (const [ms, line] of this.#lines) {
      for (let head = line.first; head && head.due <= now; head = line.first) {
        line.remove(head);
        expired.push(head);
      }
      if (line.first) earliest = Math.min(earliest, line.first.due);
      else this.#lines.delete(ms);
    }
    if (earliest < Infinity) this.#arm(now, earliest);
    for (const deadline of expired) deadline.expire();
  }
}
