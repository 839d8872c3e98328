import type { ExecutionStore, StoredRecord } from '@certoai/loom-core';

const pageSize = 1_000;

/** Every record of a node from `from` on, in the order of their tasks. */
export async function nodeRecords(
  store: ExecutionStore,
  executionId: string,
  node: string,
  from: number,
): Promise<readonly StoredRecord[]> {
  const all: StoredRecord[] = [];
  for (let next = from; ;) {
    const page = await store.records({ executionId, node, from: next, limit: pageSize });
    for (const record of page) all.push(record);
    const last = page.at(-1);
    if (page.length < pageSize || last === undefined) return all;
    next = last.index + 1;
  }
}
