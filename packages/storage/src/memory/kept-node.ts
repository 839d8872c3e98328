import type { NodeCounters, RecordEntry, StoredRecord } from '@certoai/loom-core';

/** The records of one node, by task index. Most nodes have one task, and then there is no map to pay for. */
export class KeptNode {
  #only: StoredRecord | undefined;
  #records: Map<number, StoredRecord> | undefined;
  #done = 0;
  #failed = 0;
  /** Indexes in order, made when a page is read. */
  #order: number[] | undefined;

  refusal({ index, held }: RecordEntry): 'duplicate' | 'stale' | undefined {
    const known = this.#get(index);
    if (known === undefined) return held === 1 ? undefined : 'stale';
    if (known.kind !== 'pending') return 'duplicate';
    return known.token === held ? undefined : 'stale';
  }

  /** Only what {@link refusal} lets pass. @returns the record it takes the place of */
  put({
    index,
    held,
    kind,
    next,
    attempt,
    body,
    dueAt,
    crashes = 0,
    at,
  }: RecordEntry): StoredRecord | undefined {
    const before = this.#get(index);
    const isPending = kind === 'pending';
    const token = isPending ? (next as number) : held;
    this.#set({ index, kind, token, attempt, body, dueAt: isPending ? dueAt : undefined, crashes, at });
    if (before === undefined) this.#order = undefined;
    if (!isPending && index >= 0) this.#count(kind, 1);
    return before;
  }

  /** Takes back a {@link put}. */
  restore({ index, kind }: RecordEntry, before: StoredRecord | undefined): void {
    if (before) this.#set(before);
    else if (this.#records) this.#records.delete(index);
    else this.#only = undefined;
    if (kind !== 'pending' && index >= 0) this.#count(kind, -1);
  }

  counters(): NodeCounters {
    return { done: this.#done, failed: this.#failed };
  }

  page(from: number, limit: number): readonly StoredRecord[] {
    if (!this.#records) return this.#only && this.#only.index >= from ? [this.#only] : [];
    const order = (this.#order ??= [...this.#records.keys()].sort((a, b) => a - b));
    const start = firstAtLeast(order, from);
    return order.slice(start, start + limit).map((index) => this.#get(index) as StoredRecord);
  }

  bytes(): number {
    let bytes = 0;
    for (const { body } of this.#records?.values() ?? (this.#only ? [this.#only] : []))
      bytes += Buffer.byteLength(body);
    return bytes;
  }

  #get(index: number): StoredRecord | undefined {
    if (this.#records) return this.#records.get(index);
    return this.#only?.index === index ? this.#only : undefined;
  }

  #set(record: StoredRecord): void {
    if (this.#records) {
      this.#records.set(record.index, record);
    } else if (this.#only === undefined || this.#only.index === record.index) {
      this.#only = record;
    } else {
      this.#records = new Map([
        [this.#only.index, this.#only],
        [record.index, record],
      ]);
      this.#only = undefined;
    }
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
