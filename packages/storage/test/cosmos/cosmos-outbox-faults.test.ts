import { isLoomError } from '@certoai/loom-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { CosmosOutboxes } from './cosmos-outboxes.js';
import { startCosmos, type TestCosmos } from './cosmos.js';
import { claim, commit, contentsOf, drain, keyed } from './outbox-calls.js';

let cosmos: TestCosmos;
let outboxes: CosmosOutboxes;

beforeAll(async () => {
  cosmos = await startCosmos();
  outboxes = new CosmosOutboxes(cosmos);
});
afterEach(() => cosmos.server.faults.clear());
afterAll(() => cosmos[Symbol.asyncDispose]());

const lostBefore = { kind: 'disconnect', when: 'before' } as const;
const lostAfter = { kind: 'disconnect', when: 'after' } as const;
const passing = {
  'a connection that is cut before a batch is applied': lostBefore,
  'a connection that is cut after a batch is applied': lostAfter,
  'an answer 503 to a batch that was applied': { kind: 'answer', status: 503, when: 'after' },
  'an answer 429 that says how long to wait': {
    kind: 'answer',
    status: 429,
    substatus: 3_200,
    retryAfterMs: 5,
  },
  'an answer 449': { kind: 'answer', status: 449 },
  'an answer 410': { kind: 'answer', status: 410 },
} as const;

describe.each(Object.entries(passing))('%s', (_, effect) => {
  test('neither loses nor repeats a commit, a claim, a settlement or a retry', async () => {
    await using store = await outboxes.opened();
    const disturb = (): void =>
      void cosmos.server.faults.add({ match: { operation: 'batch' }, times: 2, effect });
    disturb();
    const first = {
      writes: [
        { key: 'a', value: '1', ifVersion: 0 },
        { key: 'b', value: '1' },
      ],
      messages: keyed('k', 'm1'),
    };
    expect(await store.commit(first)).toEqual({ committed: true, versions: [1, 1] });
    disturb();
    const second = {
      writes: [
        { key: 'a', value: '2', ifVersion: 1 },
        { key: 'b', value: '2' },
      ],
      messages: keyed('k', 'm2'),
    };
    expect(await store.commit(second)).toEqual({ committed: true, versions: [2, 2] });
    expect(await store.read('b')).toEqual({ value: '2', version: 2 });
    expect((await store.stats()).waiting).toBe(2);

    disturb();
    const claimed = await claim(store);
    expect(contentsOf(claimed)).toEqual(['m1', 'm2']);
    const { lane = '', messages = [] } = claimed.lanes[0] ?? {};
    const [one, two] = messages.map(({ id }) => id) as [string, string];
    disturb();
    const failed = { kind: 'park', id: two, attempts: 1, reason: 'refused', blocks: true } as const;
    await store.settle(claimed.token, [{ lane, sent: [one], failed }]);
    expect(await store.stats()).toMatchObject({ waiting: 0, parked: 1 });

    disturb();
    expect(await store.unpark('retry')).toBe(1);
    disturb();
    expect(await drain(store)).toEqual(['m2']);
    expect(await store.stats()).toEqual({ waiting: 0, parked: 0, oldestAgeMs: null });
  });
});

test('a commit whose answer was lost is known for done also when a relay was faster', async () => {
  await using store = await outboxes.opened({ partition: 'fast' });
  await using relay = await outboxes.opened({ partition: 'fast' });
  cosmos.server.faults.add({ match: { operation: 'batch' }, times: 1, effect: lostAfter });
  const committing = commit(store, keyed('k', 'm'));
  const sent: string[] = [];
  await vi.waitFor(async () => {
    sent.push(...(await drain(relay)));
    expect(sent).toEqual(['m']);
  });
  expect(await committing).toEqual({ committed: true, versions: [] });
  expect(await drain(relay)).toEqual([]);
});

test('a commit that is given up says so, and the next one goes on', async () => {
  await using store = await outboxes.opened({ callMs: 300 });
  const back = cosmos.server.faults.add({ match: { operation: 'batch' }, effect: lostBefore });
  await expect(commit(store, keyed('k', 'lost'))).rejects.toSatisfy((error) =>
    isLoomError(error, 'LOOM_STORE_FAILED'),
  );
  back();
  await commit(store, keyed('k', 'm'));
  expect(await drain(store)).toEqual(['m']);
});

test('a commit does not wait for ever for those before it', async () => {
  await using store = await outboxes.opened({ callMs: 200 });
  const match = { operation: 'batch' } as const;
  cosmos.server.faults.add({ match, effect: { kind: 'delay', ms: 60_000 } });
  const [first, second] = await Promise.allSettled([1, 2].map((n) => commit(store, keyed('k', String(n)))));
  expect(first).toMatchObject({ reason: { code: 'LOOM_STORE_FAILED', message: /no answer within/ } });
  expect(second).toMatchObject({
    reason: { code: 'LOOM_STORE_FAILED', message: /was not written: .* raise callMs \(now 200\)/ },
  });
});
