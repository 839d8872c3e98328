import type { DeadLetter, DeadLetterGroup } from '@certoai/loom-core';

/** Counts dead letters by fingerprint as they are read, so that nobody holds them all. */
export class DeadLetterGroups {
  readonly #groups = new Map<string, DeadLetterGroup>();

  add({ fingerprint, reason, diedAt }: Pick<DeadLetter, 'fingerprint' | 'reason' | 'diedAt'>): void {
    const group = this.#groups.get(fingerprint);
    if (group === undefined) {
      this.#groups.set(fingerprint, { fingerprint, count: 1, reason, oldestAt: diedAt, newestAt: diedAt });
      return;
    }
    const isNewest = diedAt >= group.newestAt;
    this.#groups.set(fingerprint, {
      fingerprint,
      count: group.count + 1,
      reason: isNewest ? reason : group.reason,
      oldestAt: Math.min(group.oldestAt, diedAt),
      newestAt: Math.max(group.newestAt, diedAt),
    });
  }

  /** Most frequent first, and of equally frequent ones the newest first. */
  list(): readonly DeadLetterGroup[] {
    return [...this.#groups.values()].toSorted((a, b) => b.count - a.count || b.newestAt - a.newestAt);
  }
}
