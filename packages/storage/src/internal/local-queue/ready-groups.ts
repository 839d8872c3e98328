import type { GroupStats } from '@certoai/loom-core';
import { groupMemoryMs } from '../group-limits.js';
import type { StoredGroup } from '../group-limits.js';
import { BinaryHeap } from './binary-heap.js';
import { Deque } from './deque.js';
import { LocalGroup } from './local-group.js';
import type { StoredMessage } from './stored-message.js';

/** Groups held before the idle ones among them are looked for. */
const firstSweep = 1_000;

/**
 * All messages of one queue that are ready. Their keys stand in a line: the first is served once and goes to
 * its end; those without a group are one key more. A key that is full stands outside until a delivery of it
 * ends, and one whose rate is used up until its window opens; so a step costs the same however many there are.
 */
export class ReadyGroups {
  readonly #ungrouped = new LocalGroup();
  readonly #groups = new Map<string, LocalGroup>();
  readonly #line = new Deque<LocalGroup>();
  readonly #rated = new BinaryHeap<{ readonly at: number; readonly group: LocalGroup }>(
    (a, b) => a.at < b.at,
  );
  #size = 0;
  /** Of all that are ready by their number, while somebody looks for them: most queues do without. */
  #index: Map<number, StoredMessage> | undefined;
  #sweepAt = firstSweep;

  get size(): number {
    return this.#size;
  }

  /** Somebody may be next. */
  get hasNext(): boolean {
    return this.#line.size > 0;
  }

  /** There are keys, so that time matters. */
  get hasGroups(): boolean {
    return this.#groups.size > 0;
  }

  /** When the first of the closed rates opens. */
  get opensAt(): number | undefined {
    return this.#rated.first?.at;
  }

  /** Since when the one that waits longest has been ready; `undefined` when there is none. */
  get oldestReadySince(): number | undefined {
    let oldest = this.#ungrouped.ready.oldestReadySince ?? Infinity;
    for (const { ready } of this.#groups.values()) {
      if (ready.size > 0) oldest = Math.min(oldest, ready.oldestReadySince ?? Infinity);
    }
    return oldest === Infinity ? undefined : oldest;
  }

  stats(key: string, now: number): GroupStats {
    const group = this.#groups.get(key);
    return {
      waiting: group?.ready.size ?? 0,
      active: group?.active ?? 0,
      openAt: group?.opensAt(now) ?? null,
    };
  }

  /** Puts limits in force. */
  setLimits(stored: StoredGroup, now: number): void {
    const group = this.#group(stored, now);
    group.setLimits(stored.limits);
    this.#offer(group, now);
  }

  /** For a delivery that began before this process did; the earliest first. */
  begun(group: StoredGroup, at: number): void {
    this.#group(group, at).remember(at);
  }

  add(message: StoredMessage, now: number): void {
    const group = this.#groupOf(message, now);
    group.ready.add(message);
    this.#index?.set(message.sequence, message);
    this.#size += 1;
    this.#offer(group, now);
  }

  /** For one that was taken and comes back as if it had not been. */
  putBack(message: StoredMessage, now: number): void {
    const group = this.#groupOf(message, now);
    group.ready.putBack(message);
    this.#index?.set(message.sequence, message);
    this.#size += 1;
    this.#offer(group, now);
  }

  find(sequence: number): StoredMessage | undefined {
    if (this.#size === 0) return undefined;
    this.#index ??= this.#buildIndex();
    return this.#index.get(sequence);
  }

  *[Symbol.iterator](): Iterator<StoredMessage> {
    for (const { ready } of [this.#ungrouped, ...this.#groups.values()]) yield* ready;
  }

  /** For one that is here. It must not come again. */
  remove(message: StoredMessage, now: number): void {
    this.#groupOf(message, now).ready.remove(message);
    this.#left(message);
  }

  #left({ sequence }: StoredMessage): void {
    this.#size -= 1;
    if (this.#size === 0) this.#index = undefined;
    else this.#index?.delete(sequence);
  }

  #buildIndex(): Map<number, StoredMessage> {
    const index = new Map<number, StoredMessage>();
    for (const message of this) index.set(message.sequence, message);
    return index;
  }

  /** Lets those join the line whose rate has opened. */
  open(now: number): void {
    for (let first = this.#rated.first; first && first.at <= now; first = this.#rated.first) {
      this.#rated.pop();
      first.group.looksAt = Infinity;
      this.#offer(first.group, now);
    }
  }

  /** Takes the next message of the key whose turn it is; it has a place of its key until {@link ended}. */
  take(now: number): StoredMessage | undefined {
    for (let group = this.#line.popFront(); group; group = this.#line.popFront()) {
      group.inLine = false;
      // Its limits may have become narrower since it came into the line.
      if (!this.#isOpen(group, now)) continue;
      const message = group.ready.take();
      if (message === undefined) continue;
      this.#left(message);
      group.begin(now);
      this.#offer(group, now);
      return message;
    }
    return undefined;
  }

  /** For how long the rate of its group remembers a delivery; 0 without one. */
  rateMs({ group }: StoredMessage): number {
    return (group && this.#groups.get(group.key)?.rateMs) ?? 0;
  }

  /** Gives back the place of a message that was taken. */
  ended(message: StoredMessage, now: number): void {
    const group = this.#groupOf(message, now);
    group.active -= 1;
    this.#offer(group, now);
  }

  /** Lets `group` join the line at its end, when something of it waits and may go. */
  #offer(group: LocalGroup, now: number): void {
    if (group.inLine || group.ready.size === 0 || !this.#isOpen(group, now)) return;
    group.inLine = true;
    this.#line.pushBack(group);
  }

  /** When only the rate keeps it closed, it is looked at again as soon as that opens. */
  #isOpen(group: LocalGroup, now: number): boolean {
    if (group.isFull) return false;
    const at = group.opensAt(now);
    if (at === undefined) return true;
    if (at < group.looksAt) {
      group.looksAt = at;
      this.#rated.push({ at, group });
    }
    return false;
  }

  #groupOf({ group }: StoredMessage, now: number): LocalGroup {
    return group ? this.#group(group, now) : this.#ungrouped;
  }

  /** @param stored - its limits count when the group is not known, or not any more */
  #group({ key, limits }: StoredGroup, now: number): LocalGroup {
    let group = this.#groups.get(key);
    if (group === undefined) {
      this.#sweep(now);
      group = new LocalGroup();
      group.setLimits(limits);
      this.#groups.set(key, group);
    }
    group.usedAt = now;
    return group;
  }

  #sweep(now: number): void {
    if (this.#groups.size < this.#sweepAt) return;
    for (const [key, group] of this.#groups) {
      if (group.isIdleSince(now - groupMemoryMs)) this.#groups.delete(key);
    }
    this.#sweepAt = Math.max(firstSweep, this.#groups.size * 2);
  }
}
