import type { NodeCounters, RecordEntry, StoredRecord } from '@certoai/loom-core';

/** The records of one node, by task index. */
export class HeldNode {
  readonly #records = new Map<number, StoredRecord>();
  #done = 0;
  #failed = 0;
  /** Indexes in order, made when a page is read. */
  #order: number[] | undefined;

  refusal({ index, held }: RecordEntry): 'duplicate' | 'stale' | undefined {
    const known = this.#records.get(index);
    if (known === undefined) return held === 1 ? undefined : 'stale';
    if (known.kind !== 'pending') return 'duplicate';
    return known.token === held ? undefined : 'stale';
  }

  /** Only what {@link refusal} lets pass. @returns the record it takes the place of */
  put({ index, held, kind, next, attempt, body, dueAt, crashes = 0, at }: RecordEntry): StoredRecord | undefined {
    const before = this.#records.get(index);
    const isPending = kind === 'pending';
    const token = isPending ? (next as number) : held;
    this.#records.set(index, { index, kind, token, attempt, body, dueAt: isPending ? dueAt : undefined, crashes, at });
    if (before === undefined) this.#order = undefined;
    if (!isPending && index >= 0) this.#count(kind, 1);
    return before;
  }

  /** Takes back a {@link put}. */
  restore({ index, kind }: RecordEntry, before: StoredRecord | undefined): void {
    if (before) this.#records.set(index, before);
    else this.#records.delete(index);
    this.#order = undefined;
    if (kind !== 'pending' && index >= 0) this.#count(kind, -1);
  }

  counters(): NodeCounters {
    return { done: this.#done, failed: this.#failed };
  }

  page(from: number, limit: number): readonly StoredRecord[] {
    const order = (this.#order ??= [...this.#records.keys()].sort((a, b) => a - b));
    const start = from <= (order[0] ?? 0) ? 0 : firstAtLeast(order, from);
    return order.slice(start, start + limit).map((index) => this.#records.get(index) as StoredRecord);
  }

  bytes(): number {
    let bytes = 0;
    for (const { body } of this.#records.values()) bytes += Buffer.byteLength(body);
    return bytes;
  }

  #count(kind: 'completed' | 'failed', by: 1 | -1): void {
    this.#done += by;
    if (kind === 'failed') this.#failed += by;
  }
}

function firstAtLeast(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
