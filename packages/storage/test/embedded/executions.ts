import type { ExecutionStore, NewExecution, RecordEntry, Transition } from '@certoai/loom-core';

export function execution(id: string, more: Partial<NewExecution> = {}): NewExecution {
  const definition = { hash: 'hash', text: '{}' };
  return { id, definition, input: '1', state: '{"step":0}', createdAt: 1, wakeAt: null, ...more };
}

export function completed(executionId: string, index: number, more: Partial<RecordEntry> = {}): RecordEntry {
  return {
    executionId,
    node: 'work',
    index,
    held: 1,
    kind: 'completed',
    attempt: 1,
    body: '1',
    at: 1,
    ...more,
  };
}

export function step(
  executionId: string,
  expectedVersion: number,
  more: Partial<Transition> = {},
): Transition {
  const state = `{"step":${expectedVersion}}`;
  return {
    executionId,
    expectedVersion,
    status: 'running',
    state,
    records: [],
    at: expectedVersion,
    ...more,
  };
}

/** Creates an execution and takes five steps, each with the record of one task. */
export async function fiveSteps(store: ExecutionStore, id: string): Promise<void> {
  await store.create(execution(id));
  for (let version = 1; version <= 5; version += 1) {
    const status = version === 5 ? 'completed' : 'running';
    await store.commit(step(id, version, { status, records: [completed(id, version)] }));
  }
}

export function times(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
