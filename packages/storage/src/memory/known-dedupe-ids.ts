import { dedupeWindowMs } from '../internal/message-queue-options.js';

interface Sent {
  readonly id: string;
  readonly until: number;
}

/** The dedupe ids of one queue: known while their message is stored, and for an hour after it was sent. */
export class KnownDedupeIds {
  /** In the order of sending, so those that are over are in front. */
  readonly #recent = new Map<string, Sent>();
  readonly #stored = new Map<string, string>();

  /** The id of the first message that had `dedupeId`, or `undefined` when it is not known. */
  find(dedupeId: string, now: number): string | undefined {
    const sent = this.#recent.get(dedupeId);
    if (sent && sent.until > now) return sent.id;
    return this.#stored.get(dedupeId);
  }

  add(dedupeId: string, id: string, now: number): void {
    this.#forgetOlderThan(now);
    this.#recent.delete(dedupeId);
    this.#recent.set(dedupeId, { id, until: now + dedupeWindowMs });
    this.#stored.set(dedupeId, id);
  }

  /** The message is gone from the queue. */
  remove(dedupeId: string): void {
    this.#stored.delete(dedupeId);
  }

  #forgetOlderThan(now: number): void {
    for (const [dedupeId, { until }] of this.#recent) {
      if (until > now) return;
      this.#recent.delete(dedupeId);
    }
  }
}
