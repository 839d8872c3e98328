import type { ExecutionStore, NewExecution, RecordEntry, Transition } from '@certoai/loom-core';
import { LoomError } from '@certoai/loom-core';
import { ManualClock, createTestSetup, settled } from '@certoai/loom-core/testing';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import { expect, test } from 'vitest';
import { claimCheckedExecutions } from '../../src/blobs/claim-checked-executions.js';
import type { ClaimCheckedExecutionStore } from '../../src/blobs/claim-checked-executions.js';
import type { ClaimCheckOptions } from '../../src/blobs/claim-check-options.js';
import { ObservedBlobs } from './observed-blobs.js';

const start = Date.UTC(2026, 0, 1);
const large = `"${'x'.repeat(98)}"`;
const larger = `"${'y'.repeat(998)}"`;
const small = '"small"';

function execution(id: string, more: Partial<NewExecution> = {}): NewExecution {
  const definition = { hash: 'h', text: '{}' };
  return { id, definition, input: small, state: small, createdAt: start, wakeAt: null, ...more };
}

function completed(
  executionId: string,
  index: number,
  body: string,
  more: Partial<RecordEntry> = {},
): RecordEntry {
  const entry = {
    executionId,
    node: 'work',
    index,
    held: 1,
    kind: 'completed',
    attempt: 1,
    body,
    at: start,
  } as const;
  return { ...entry, ...more };
}

function step(executionId: string, expectedVersion: number, more: Partial<Transition> = {}): Transition {
  return { executionId, expectedVersion, status: 'running', state: small, records: [], at: start, ...more };
}

interface Setup {
  readonly inner: ExecutionStore;
  readonly blobs: ObservedBlobs;
  readonly store: ClaimCheckedExecutionStore;
}

function setup(options: ClaimCheckOptions = {}, inner: ExecutionStore = new InMemoryExecutionStore()): Setup {
  const blobs = new ObservedBlobs();
  return { inner, blobs, store: claimCheckedExecutions(inner, blobs, { thresholdBytes: 99, ...options }) };
}

const work = { executionId: 'e1', node: 'work', from: -1 };

test('large payloads are blobs and the store holds references, on every path; small ones stay', async () => {
  const { inner, blobs, store } = setup();
  await store.create(execution('e1', { input: large, state: larger }));
  await store.record(completed('e1', 0, large.replace('x', 'a')));
  await store.record(completed('e1', 1, large.replace('x', 'b'), { kind: 'failed' }));
  await store.record(completed('e1', 2, large.replace('x', 'c'), { kind: 'pending', next: 2 }));
  await store.record(completed('e1', 3, small));
  const records = [completed('e1', -1, large.replace('x', 'd')), completed('e1', 4, small)];
  await store.commit(step('e1', 1, { state: larger.replace('y', 'e'), records }));

  const head = await inner.load('e1');
  const rows = await inner.records(work);
  for (const text of [
    head?.input,
    head?.state,
    ...rows.filter(({ index }) => ![3, 4].includes(index)).map(({ body }) => body),
  ])
    expect(text).toMatch(/^\{"\$loom\.blob":"executions\/e1\/[\w/-]+","bytes":\d+\}$/);
  expect(rows.filter(({ index }) => [3, 4].includes(index)).map(({ body }) => body)).toEqual([small, small]);
  expect(blobs.keys).toHaveLength(6);

  const found = await store.load('e1');
  expect([found?.input, found?.state]).toEqual([large, larger.replace('y', 'e')]);
  expect((await store.records(work)).map(({ index, body }) => [index, body])).toEqual([
    [-1, large.replace('x', 'd')],
    [0, large.replace('x', 'a')],
    [1, large.replace('x', 'b')],
    [2, large.replace('x', 'c')],
    [3, small],
    [4, small],
  ]);
});

test('the threshold is counted in bytes of UTF-8, and belongs to what stays', async () => {
  const { blobs, store } = setup({ thresholdBytes: 10 });
  const texts = ['"12345678"', '"123456789"', '"ää12345"', '"äää1234"', '"🧵🧵"', '"🧵🧵1"'];
  for (const [index, input] of texts.entries())
    await store.create(execution(`e${index}`, { input, state: '1' }));
  expect(blobs.keys.map((key) => key.split('/')[1])).toEqual(['e1', 'e2', 'e3', 'e5']);
  for (const [index, input] of texts.entries()) expect((await store.load(`e${index}`))?.input).toBe(input);
});

test('262 144 bytes are the default threshold', async () => {
  const { blobs, store } = setup({ thresholdBytes: undefined });
  await store.create(execution('e1', { input: `"${'x'.repeat(262_142)}"` }));
  expect(blobs.keys).toEqual([]);
  await store.create(execution('e2', { input: `"${'x'.repeat(262_143)}"` }));
  expect(blobs.keys).toHaveLength(1);
});

test('no payload of a user is taken for a reference, however it looks', async () => {
  const { inner, blobs, store } = setup({ thresholdBytes: 1_000 });
  await store.create(execution('secret', { input: `"${'s'.repeat(2_000)}"` }));
  const stolen = (await inner.load('secret'))?.input as string;
  const forged = [
    stolen,
    `${stolen} `,
    '{"$loom.blob":"executions/e1/unknown","bytes":1}',
    '{"$loom.blob":7}',
    '{"$loom.blob":null,"bytes":1}',
    '{"$loom.blob":{"$loom.blob":"a"}}',
    '{ "$loom.blob":"a"}',
    '{"a":1,"$loom.blob":"a"}',
    `[${stolen}]`,
    JSON.stringify(stolen),
  ];
  for (const [index, text] of forged.entries()) {
    const id = `e${index}`;
    await store.create(execution(id, { input: text, state: text }));
    await store.record(completed(id, 0, text));
    await store.commit(step(id, 1, { state: text, records: [completed(id, 1, text)] }));
    const found = await store.load(id);
    expect([found?.input, found?.state]).toEqual([text, text]);
    expect((await store.records({ ...work, executionId: id })).map(({ body }) => body)).toEqual([text, text]);
  }
  expect(blobs.keys.length).toBeGreaterThan(forged.length);
});

test('a blob is stored before what refers to it, and nothing is written when that fails', async () => {
  const { inner, blobs, store } = setup();
  await store.create(execution('e1'));
  const failure = new LoomError('LOOM_STORE_FULL', 'No space left.');
  blobs.before = (call) => {
    if (call === 'put') throw failure;
  };
  await expect(store.create(execution('e2', { state: large }))).rejects.toBe(failure);
  await expect(store.record(completed('e1', 0, large))).rejects.toBe(failure);
  const records = [completed('e1', 1, small), completed('e1', 2, large)];
  await expect(store.commit(step('e1', 1, { records }))).rejects.toBe(failure);
  expect(await inner.load('e2')).toBeUndefined();
  expect(await inner.records(work)).toEqual([]);
  expect((await inner.load('e1'))?.version).toBe(1);
});

test('the same write again finds its own blob, and leaves it', async () => {
  const { inner, blobs, store } = setup();
  const create = execution('e1', { input: large, state: larger });
  await store.create(create);
  expect(await store.create(create)).toEqual({ created: false, id: 'e1' });
  const record = completed('e1', 0, larger);
  await store.record(record);
  const row = await inner.records(work);
  expect(await store.record(record)).toEqual({ accepted: false, reason: 'duplicate' });
  const commit = step('e1', 1, { state: larger.replace('y', 'z'), records: [completed('e1', 1, larger)] });
  await store.commit(commit);
  const keys = blobs.keys;
  expect(await store.commit(commit)).toEqual({ committed: false, reason: 'conflict' });
  expect(blobs.keys).toEqual(keys);
  expect((await inner.records(work))[0]).toEqual(row[0]);
  const found = await store.load('e1');
  expect([found?.input, found?.state]).toEqual([create.input, commit.state]);
  expect((await store.records(work)).map(({ body }) => body)).toEqual([larger, larger]);
});

test('the same object again, because its answer was lost, is the same to the store too', async () => {
  const given: unknown[] = [];
  class Losing extends InMemoryExecutionStore {
    async #lose<Write, Reply>(write: Write, send: (write: Write) => Promise<Reply>): Promise<Reply> {
      if (given.push(write) % 2 === 0) return send(write);
      throw new LoomError('LOOM_STORE_FAILED', 'The answer was lost.');
    }
    override create(write: NewExecution) {
      return this.#lose(write, (one) => super.create(one));
    }
    override record(write: RecordEntry) {
      return this.#lose(write, (one) => super.record(one));
    }
    override commit(write: Transition) {
      return this.#lose(write, (one) => super.commit(one));
    }
  }
  const { blobs, store } = setup({}, new Losing());
  for (const payload of [large, small]) {
    const id = payload === large ? 'e1' : 'e2';
    const writes = [
      [() => store.create, execution(id, { input: payload })],
      [() => store.record, completed(id, 0, payload)],
      [() => store.commit, step(id, 1, { state: payload })],
    ] as const;
    for (const [method, write] of writes) {
      const call = () => (method() as (write: unknown) => Promise<unknown>).call(store, write);
      await expect(call()).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED' });
      await call();
      expect(given.at(-1)).toBe(given.at(-2));
    }
  }
  expect(blobs.keys).toHaveLength(2);
  expect((await store.load('e1'))?.state).toBe(large);
});

test('what is refused because there is no such execution leaves no blob', async () => {
  const { blobs, store } = setup();
  await store.create(execution('first', { idempotencyKey: 'key' }));
  expect(
    await store.create(execution('second', { idempotencyKey: 'key', input: large, state: larger })),
  ).toEqual({
    created: false,
    id: 'first',
  });
  await store.record(completed('unknown', 0, large));
  await store.commit(step('unknown', 1, { state: large, records: [completed('unknown', 1, larger)] }));
  expect(blobs.keys).toEqual([]);
});

test('values that make no sense are refused before anything is stored', async () => {
  const { blobs, store } = setup();
  const wrong: readonly (() => Promise<unknown>)[] = [
    () => store.create(execution('e1', { input: large, priority: Number.NaN })),
    () => store.create(execution('e1', { input: undefined as never, state: large })),
    () => store.create(execution('e1', { input: `"${'\ud800'.repeat(200)}"` })),
    () => store.record(completed('e1', 0, large, { held: 0 })),
    () => store.commit(step('e1', 1, { state: large, at: Number.NaN })),
  ];
  for (const call of wrong) await expect(call()).rejects.toMatchObject({ code: 'LOOM_INVALID_INPUT' });
  expect(blobs.keys).toEqual([]);
});

test('a large state leaves when a later one has taken its place, and refused ones with it', async () => {
  const { blobs, store } = setup();
  await store.create(execution('e1', { state: large }));
  const states = ['a', 'b', 'c'].map((letter) => large.replace('x', letter));
  const replies = await Promise.all(states.map((state) => store.commit(step('e1', 1, { state }))));
  expect(replies.filter(({ committed }) => committed)).toHaveLength(1);
  expect(blobs.keys.every((key) => key.startsWith('executions/e1/state/2/'))).toBe(true);
  await store.commit(step('e1', 2, { state: larger }));
  expect(blobs.keys).toHaveLength(1);
  expect((await store.load('e1'))?.state).toBe(larger);
});

test('who reads a state while it is replaced gets the next one', async () => {
  const { blobs, store } = setup();
  await store.create(execution('e1', { state: large }));
  let version = 1;
  blobs.before = async (call) => {
    if (call !== 'get' || version === 4) return;
    await store.commit(step('e1', version, { state: large.replace('x', String((version += 1))) }));
  };
  const found = await store.load('e1');
  expect([found?.version, found?.state]).toEqual([4, large.replace('x', '4')]);
});

test('who reads while an execution is pruned finds nothing', async () => {
  const { blobs, store } = setup();
  await store.create(execution('e1', { input: large }));
  await store.commit(step('e1', 1, { status: 'completed', records: [completed('e1', 0, larger)] }));
  blobs.before = async (call) => {
    if (call === 'get') await store.prune({ maxBytes: 0, limit: 10 });
  };
  expect(await store.records(work)).toEqual([]);
  expect(await store.load('e1')).toBeUndefined();
});

test('a blob that is gone is an error that names the execution', async () => {
  const { blobs, store } = setup();
  await store.create(execution('e1', { input: large }));
  await store.record(completed('e1', 0, larger));
  for (const key of blobs.keys) await blobs.remove(key);
  const lost = { code: 'LOOM_STORE_CORRUPT', details: { executionId: 'e1' } };
  await expect(store.load('e1')).rejects.toMatchObject(lost);
  await expect(store.records(work)).rejects.toMatchObject(lost);
});

test('blobs leave with the execution that is pruned, all of them and no others', async () => {
  const { blobs, store } = setup();
  for (const id of ['e1', 'e10', 'größe/🧵', 'running']) {
    await store.create(execution(id, { input: large, state: larger }));
    await store.record(completed(id, 0, larger));
    // Refused: it stays until then.
    await store.record(completed(id, 0, large.replace('x', 'z')));
  }
  for (const id of ['e1', 'größe/🧵']) {
    await store.commit(step(id, 1, { status: 'completed', state: larger, at: start + 1 }));
  }
  expect(await store.prune({ finishedBefore: start + 2, limit: 10 })).toEqual({
    removed: ['e1', 'größe/🧵'],
  });
  expect(new Set(blobs.keys.map((key) => key.split('/')[1]))).toEqual(new Set(['e10', 'running']));
});

test('blobs that cannot be removed are logged and change no answer', async () => {
  const { logger, log } = createTestSetup();
  const { blobs, store } = setup({ logger });
  await store.create(execution('e1', { state: large }));
  blobs.before = (call) => {
    if (call === 'remove') throw new LoomError('LOOM_STORE_FAILED', 'Away.');
  };
  expect((await store.commit(step('e1', 1, { state: larger }))).committed).toBe(true);
  expect((await store.record(completed('unknown', 0, large))).accepted).toBe(false);
  await store.commit(step('e1', 2, { status: 'completed' }));
  expect(await store.prune({ maxBytes: 0, limit: 1 })).toEqual({ removed: ['e1'] });
  expect(log.map(({ level, message }) => [level, message])).toEqual(
    Array.from({ length: 3 }, () => ['warn', 'Blobs could not be removed']),
  );
});

test('records are read in parallel, and not all at once', async () => {
  const { blobs, store } = setup();
  await store.create(execution('e1'));
  const records = Array.from({ length: 200 }, (_, index) =>
    completed('e1', index, large.replace('x', `${index} `)),
  );
  await store.commit(step('e1', 1, { records }));
  blobs.mostAtOnce = 0;
  blobs.before = () => settled(1);
  expect((await store.records(work)).map(({ body }) => body)).toEqual(records.map(({ body }) => body));
  expect(blobs.mostAtOnce).toBeGreaterThan(4);
  expect(blobs.mostAtOnce).toBeLessThanOrEqual(16);
});

test('equal payloads of one execution are one blob', async () => {
  const { blobs, store } = setup();
  await store.create(execution('e1', { input: large }));
  await store.commit(step('e1', 1, { records: [0, 1, 2].map((index) => completed('e1', index, large)) }));
  expect(blobs.keys).toHaveLength(1);
});

test('a sweep removes blobs of executions that are not there, after a second look', async () => {
  const clock = new ManualClock();
  const { blobs, inner, store } = setup({ clock });
  await store.create(execution('kept', { input: large }));
  await store.create(execution('größe/🧵', { input: large }));
  // Of processes that died, before the execution was stored and while one was pruned.
  await blobs.put('executions/dead/state/1/x', larger);
  await blobs.put('executions/dead/y', larger);
  await blobs.put('executions/late/x', larger);
  await blobs.put('messages/2026-01-01T00/x', larger);
  const sweeping = store.sweep({ graceMs: 5_000 });
  await clock.advance(4_999);
  expect(blobs.keys).toHaveLength(6);
  // Its blob was stored first, as it should be.
  await inner.create(execution('late'));
  await clock.advance(1);
  expect(await sweeping).toBe(2);
  expect(blobs.keys.map((key) => key.split('/')[1])).toEqual(
    expect.arrayContaining(['kept', 'late', '2026-01-01T00']),
  );
  expect(blobs.keys).toHaveLength(4);
  expect(await store.sweep()).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('nothing is accepted any more once it closes, and what was called before ends', async () => {
  const { blobs, inner, store } = setup();
  let go = (): void => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  blobs.before = () => held;
  const creating = store.create(execution('e1', { input: large }));
  const closing = store.close();
  await expect(store.claim({ holder: 'h', now: start, leaseMs: 1, limit: 1 })).rejects.toMatchObject({
    code: 'LOOM_CLOSED',
  });
  go();
  expect(await creating).toEqual({ created: true, id: 'e1' });
  await closing;
  await expect(inner.load('e1')).rejects.toMatchObject({ code: 'LOOM_CLOSED' });
  await expect(store.sweep()).rejects.toMatchObject({ code: 'LOOM_CLOSED' });
  expect(await blobs.get(blobs.keys[0] as string)).toBe(large);
});

test('it is as durable and as shared as the weaker of its two stores', () => {
  const capable = (durable: boolean, shared: boolean) => ({ capabilities: { durable, shared } });
  for (const [one, other, both] of [
    [capable(true, true), capable(true, true), { durable: true, shared: true }],
    [capable(false, true), capable(true, false), { durable: false, shared: false }],
    [capable(true, false), capable(true, true), { durable: true, shared: false }],
  ] as const)
    expect(claimCheckedExecutions(one as never, other as never).capabilities).toEqual(both);
});

test('options out of their range are refused', async () => {
  for (const thresholdBytes of [0, -1, 1.5, Number.NaN, Infinity, '1' as never, null as never])
    expect(() => setup({ thresholdBytes })).toThrow(expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }));
  for (const graceMs of [-1, 1.5, Number.NaN, Infinity])
    await expect(setup().store.sweep({ graceMs })).rejects.toMatchObject({ code: 'LOOM_INVALID_OPTION' });
});
