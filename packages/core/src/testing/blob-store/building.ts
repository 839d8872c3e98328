import assert from 'node:assert/strict';
import { isLoomError } from '../../errors/loom-error.js';
import type { LoomErrorCode } from '../../errors/loom-error.js';
import type { BlobStore } from '../../ports/blob-store.js';

/** Text of `bytes` bytes of which each part differs from every other. */
export function text(bytes: number, seed = ''): string {
  let made = seed;
  for (let part = 0; made.length < bytes; part += 1) made += `${part},`;
  return made.slice(0, bytes);
}

export async function listed(store: BlobStore, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const segment of store.list(prefix)) found.push(segment);
  return found.toSorted();
}

export async function rejects(
  call: () => Promise<unknown>,
  code: LoomErrorCode,
  what: string,
): Promise<void> {
  let thrown: unknown;
  try {
    await call();
  } catch (error) {
    thrown = error;
  }
  assert.ok(isLoomError(thrown, code), `${what}: ${String(thrown)} is no ${code}`);
}

/** Every method, with one key. */
export function everyCall(
  store: BlobStore,
  key: string,
): readonly (readonly [string, () => Promise<unknown>])[] {
  return [
    ['put', () => store.put(key, 'text')],
    ['get', () => store.get(key)],
    ['remove', () => store.remove(key)],
    ['list', () => listed(store, key)],
  ];
}
