import { randomUUID } from 'node:crypto';
import { isLoomError } from '@certoai/loom-core';
import type { ClaimRequest } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { completed, execution, step } from '../embedded/executions.js';
import { LossyProxy } from './lossy-proxy.js';

const { url } = inject('redis');

function claim(holder: string, limit = 10): ClaimRequest {
  return { holder, now: 0, leaseMs: 60_000, limit };
}

let proxy: LossyProxy;
let store: RedisExecutionStore;

/** Stands still, so that a call waits for as long as the test wants it to. */
let clock: ManualClock;

beforeEach(async () => {
  proxy = await LossyProxy.to(url);
  clock = new ManualClock();
  store = new RedisExecutionStore(proxy.url, { keyPrefix: `test-${randomUUID()}`, clock });
  await store.claim(claim('a', 0));
});
afterEach(async () => {
  await store.close();
  proxy.close();
});

async function answers<Reply>(call: () => Promise<Reply>): Promise<Reply> {
  const lost = proxy.loseNextAnswer();
  const reply = await call();
  await lost;
  return reply;
}

describe('a call whose answer was lost', () => {
  test('creates once, and says so', async () => {
    const given = execution('e1', { idempotencyKey: 'key' });
    expect(await answers(() => store.create(given))).toEqual({ created: true, id: 'e1' });
    expect(await store.create(given)).toEqual({ created: false, id: 'e1' });
    expect((await store.list({})).items).toHaveLength(1);
  });

  test('commits once, and says so', async () => {
    await store.create(execution('e1'));
    const given = step('e1', 1, { records: [completed('e1', 0)] });
    expect(await answers(() => store.commit(given))).toEqual({ committed: true, version: 2 });
    expect(await store.commit(given)).toEqual({ committed: false, reason: 'conflict' });
    const last = step('e1', 2, { status: 'completed', records: [completed('e1', 1)] });
    expect(await answers(() => store.commit(last))).toEqual({ committed: true, version: 3 });
    expect((await store.load('e1'))?.counters).toEqual({ work: { done: 2, failed: 0 } });
    expect(await store.prune({ maxBytes: 0, limit: 9 })).toEqual({ removed: ['e1'] });
  });

  test('commits its messages once', async () => {
    await store.create(execution('e1'));
    const messages = [{ key: 'k', content: 'one' }, { content: 'two' }];
    const given = step('e1', 1, { status: 'completed', records: [completed('e1', 0)], messages });
    expect(await answers(() => store.commit(given))).toEqual({ committed: true, version: 2 });
    expect(await store.commit(given)).toEqual({ committed: false, reason: 'conflict' });
    const { lanes } = await store.outbox.claim({ token: 't', leaseMs: 60_000, limit: 9 });
    expect(lanes.map((lane) => lane.messages.map(({ content }) => content))).toEqual([['one'], ['two']]);
    expect((await store.load('e1'))?.counters).toEqual({ work: { done: 1, failed: 0 } });
  });

  test('releases, and leaves to another what it took meanwhile', async () => {
    await store.create(execution('e1', { holder: 'a' }));
    await answers(() => store.release({ executionId: 'e1', holder: 'a', wakeAt: 0 }));
    expect((await store.claim(claim('b'))).ids).toEqual(['e1']);
    await answers(() => store.release({ executionId: 'e1', holder: 'a', wakeAt: 9 }));
    expect(await store.load('e1')).toMatchObject({ seat: 1, wakeAt: 0 });
  });

  test('records once, and sees its own count', async () => {
    await store.create(execution('e1'));
    const given = completed('e1', 0, { kind: 'failed' });
    const accepted = { accepted: true, counters: { done: 1, failed: 1 } };
    expect(await answers(() => store.record(given))).toEqual(accepted);
    expect(await store.record(given)).toEqual({ accepted: false, reason: 'duplicate' });
    const pending = completed('e1', 1, { kind: 'pending', next: 2 });
    expect(await answers(() => store.record(pending))).toEqual(accepted);
    expect(await store.record(pending)).toEqual({ accepted: false, reason: 'stale' });
  });

  test('claims once, and has what it claimed', async () => {
    for (const id of ['e1', 'e2']) await store.create(execution(id));
    const { ids, renewed } = await answers(() => store.claim(claim('a', 1)));
    expect({ ids, renewed }).toEqual({ ids: ['e1'], renewed: true });
    expect((await store.claim(claim('b'))).ids).toEqual(['e2']);
    expect((await store.claim(claim('a'))).ids).toEqual([]);
  });

  test('leaves, and removes, as often as it is sent', async () => {
    await store.create(execution('e1', { holder: 'a' }));
    await answers(() => store.leave('a'));
    expect((await store.claim(claim('b'))).ids).toEqual(['e1']);
    await store.commit(step('e1', 1, { status: 'failed' }));
    await answers(() => store.prune({ maxBytes: 0, limit: 9 }));
    expect((await store.list({})).items).toEqual([]);
  });
});

describe('a call that was given up, and made again with the same object', () => {
  async function givesUp(call: () => Promise<unknown>): Promise<void> {
    const lost = proxy.loseNextAnswer(true);
    const ended = call().catch((error: unknown) => error);
    await lost;
    await clock.advance(10_000);
    expect(isLoomError(await ended, 'LOOM_STORE_FAILED')).toBe(true);
    proxy.open();
  }

  test('is the same commit', async () => {
    await store.create(execution('e1'));
    const given = step('e1', 1);
    await givesUp(() => store.commit(given));
    expect(await store.commit({ ...given })).toEqual({
      committed: false,
      reason: 'conflict',
    });
    expect(await store.commit(given)).toEqual({ committed: true, version: 2 });
    expect(await store.commit(given)).toEqual({ committed: false, reason: 'conflict' });
  });

  test('is the same commit, and its messages are there once', async () => {
    await store.create(execution('e1'));
    const given = step('e1', 1, { messages: [{ key: 'k', content: 'one' }] });
    await givesUp(() => store.commit(given));
    expect((await store.outbox.stats()).waiting).toBe(1);
    expect(await store.commit(given)).toEqual({ committed: true, version: 2 });
    expect((await store.outbox.stats()).waiting).toBe(1);
  });

  test('is the same record, with the count that it had', async () => {
    await store.create(execution('e1'));
    const given = completed('e1', 0);
    await givesUp(() => store.record(given));
    const other = await store.record(completed('e1', 1));
    expect(other).toEqual({ accepted: true, counters: { done: 2, failed: 0 } });
    expect(await store.record({ ...given })).toEqual({ accepted: false, reason: 'duplicate' });
    expect(await store.record(given)).toEqual({ accepted: true, counters: { done: 1, failed: 0 } });
    expect(await store.record(given)).toEqual({ accepted: false, reason: 'duplicate' });
  });

  test('is the same creation', async () => {
    const given = execution('e1');
    await givesUp(() => store.create(given));
    expect(await store.create(given)).toEqual({ created: true, id: 'e1' });
    expect(await store.create(given)).toEqual({ created: false, id: 'e1' });
  });

  test('leaves an execution that nobody was told of to the next claim of its holder', async () => {
    await givesUp(() => store.create(execution('e1', { holder: 'a' })));
    expect((await store.claim(claim('a'))).ids).toEqual(['e1']);
    expect((await store.claim(claim('a'))).ids).toEqual([]);
  });

  test('leaves what a lost claim took to the next one', async () => {
    for (const id of ['e1', 'e2', 'e3']) await store.create(execution(id));
    expect((await store.claim(claim('a', 1))).ids).toEqual(['e1']);
    await givesUp(() => store.claim(claim('a', 1)));
    expect((await store.claim(claim('a'))).ids).toEqual(['e2', 'e3']);
    expect((await store.claim(claim('a'))).ids).toEqual([]);
    expect((await store.load('e2'))?.seat).toBe(0);
  });

  test('keeps nothing of what was lost from others', async () => {
    await store.create(execution('e1'));
    await givesUp(() => store.claim(claim('a')));
    const { ids, nextWakeAt } = await store.claim(claim('a', 0));
    expect({ ids, nextWakeAt }).toEqual({ ids: [], nextWakeAt: 0 });
    expect((await store.load('e1'))?.seat).toBeUndefined();
    expect((await store.claim(claim('b'))).ids).toEqual(['e1']);
  });
});
