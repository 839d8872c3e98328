import assert from 'node:assert/strict';
import { isLoomError } from '../../errors/loom-error.js';
import type { LoomErrorCode } from '../../errors/loom-error.js';
import type {
  ClaimRequest,
  ExecutionStore,
  NewExecution,
  RecordEntry,
  StoredExecution,
  StoredRecord,
  Transition,
} from '../../ports/execution-store.js';

/** When the executions of the suite are created; the store takes every time from its caller. */
export const start = Date.UTC(2026, 0, 1);

/** Of every claim that does not say otherwise: long beside anything that a test does. */
export const leaseMs = 60_000;

export const definition = { hash: 'sha256-of-one-stage', text: '{"stages":[{"id":"work"}]}' };

export function execution(id: string, more: Partial<NewExecution> = {}): NewExecution {
  return { id, definition, input: '{"n":1}', state: '{"step":0}', createdAt: start, wakeAt: null, ...more };
}

/** A task of node `work` that succeeded at its first hand-out. */
export function completed(executionId: string, index: number, more: Partial<RecordEntry> = {}): RecordEntry {
  const body = `{"index":${index}}`;
  return {
    executionId,
    node: 'work',
    index,
    held: 1,
    kind: 'completed',
    attempt: 1,
    body,
    at: start + 1,
    ...more,
  };
}

/** A task that will be handed out again; raises the token from 1 to 2. */
export function pending(executionId: string, index: number, more: Partial<RecordEntry> = {}): RecordEntry {
  return completed(executionId, index, { kind: 'pending', body: '{"error":"away"}', next: 2, ...more });
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
    at: start + expectedVersion,
    ...more,
  };
}

/** The last step. */
export function finish(
  executionId: string,
  expectedVersion: number,
  more: Partial<Transition> = {},
): Transition {
  return step(executionId, expectedVersion, { status: 'completed', ...more });
}

/** A claim `ms` after the start. */
export function claim(holder: string, ms: number, more: Partial<ClaimRequest> = {}): ClaimRequest {
  return { holder, now: start + ms, leaseMs, limit: 100, ...more };
}

export async function loaded(store: ExecutionStore, id: string): Promise<StoredExecution> {
  const found = await store.load(id);
  assert.ok(found, `execution ${id} is there`);
  return found;
}

export async function allRecords(
  store: ExecutionStore,
  executionId: string,
  node = 'work',
): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  for (let from = -1; ;) {
    const page = await store.records({ executionId, node, from });
    const last = page.at(-1);
    if (!last) return found;
    found.push(...page);
    from = last.index + 1;
  }
}

/** Without fields that are `undefined`: an adapter may leave them out. */
export function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

export function rejects(promise: Promise<unknown>, code: LoomErrorCode): Promise<void> {
  return assert.rejects(
    promise,
    (error) => isLoomError(error, code) || assert.fail(`${String(error)} is no ${code}`),
  );
}

export function times(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
