import assert from 'node:assert/strict';
import type { NewExecution } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import {
  completed,
  definition,
  execution,
  finish,
  loaded,
  plain,
  rejects,
  start,
  step,
  times,
} from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

export const createCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'stores a new execution with everything it was given, running, at version 1',
    async run({ create }) {
      await using store = await create();
      const given = {
        name: 'invoices',
        idempotencyKey: 'order-7',
        priority: 3,
        tags: ['eu', 'night'],
        wakeAt: start + 5,
      };
      assert.deepEqual(await store.create(execution('e1', given)), { created: true, id: 'e1' });
      assert.deepEqual(plain(await loaded(store, 'e1')), {
        id: 'e1',
        version: 1,
        status: 'running',
        definition,
        definitionHash: definition.hash,
        input: '{"n":1}',
        state: '{"step":0}',
        counters: {},
        createdAt: start,
        updatedAt: start,
        ...given,
      });
    },
  },
  {
    name: 'has defaults for what was left out of a new execution',
    async run({ create }) {
      await using store = await create();
      const absent = { name: undefined, idempotencyKey: undefined, priority: undefined, tags: undefined };
      await store.create(execution('e1', absent));
      const { name, idempotencyKey, priority, tags, wakeAt, finishedAt } = await loaded(store, 'e1');
      assert.deepEqual(
        [name, idempotencyKey, priority, tags, wakeAt, finishedAt],
        [undefined, undefined, 0, [], null, undefined],
      );
    },
  },
  {
    name: 'leaves an execution with the same id untouched',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.commit(step('e1', 1));
      const before = await loaded(store, 'e1');
      const again = execution('e1', {
        input: '{"n":2}',
        state: '{}',
        createdAt: start + 9,
        idempotencyKey: 'other',
      });
      assert.deepEqual(await store.create(again), { created: false, id: 'e1' });
      assert.deepEqual(await loaded(store, 'e1'), before);
    },
  },
  {
    name: 'answers a known idempotency key with the id of the execution that has it',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { idempotencyKey: 'order-7' }));
      assert.deepEqual(await store.create(execution('e2', { idempotencyKey: 'order-7' })), {
        created: false,
        id: 'e1',
      });
      assert.equal(await store.load('e2'), undefined);
      assert.equal((await store.create(execution('e3', { idempotencyKey: 'order-8' }))).created, true);
    },
  },
  {
    name: 'knows the id and the key of an execution that has finished',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { idempotencyKey: 'order-7' }));
      await store.commit(finish('e1', 1));
      assert.deepEqual(await store.create(execution('e1')), { created: false, id: 'e1' });
      assert.deepEqual(await store.create(execution('e2', { idempotencyKey: 'order-7' })), {
        created: false,
        id: 'e1',
      });
      assert.equal((await loaded(store, 'e1')).status, 'completed');
    },
  },
  {
    name: 'creates one of twenty with the same id or key that come at the same time',
    async run({ create }) {
      await using store = await create();
      const sameId = await Promise.all(
        times(20).map((n) => store.create(execution('e', { input: String(n) }))),
      );
      assert.equal(sameId.filter(({ created }) => created).length, 1);
      const sameKey = await Promise.all(
        times(20).map((n) => store.create(execution(`k${n}`, { idempotencyKey: 'key' }))),
      );
      assert.equal(sameKey.filter(({ created }) => created).length, 1);
      assert.equal(new Set(sameKey.map(({ id }) => id)).size, 1);
      assert.equal((await store.list({})).items.length, 2);
    },
  },
  {
    name: 'gives each execution the definition it was created with',
    async run({ create }) {
      await using store = await create();
      const other = { hash: 'sha256-of-another', text: '{"stages":[]}' };
      for (const n of times(3)) await store.create(execution(`a${n}`));
      await store.create(execution('b', { definition: other }));
      assert.deepEqual((await loaded(store, 'a2')).definition, definition);
      assert.deepEqual((await loaded(store, 'b')).definition, other);
      assert.equal((await store.list({})).items[0]?.definitionHash, other.hash);
    },
  },
  {
    name: 'is not changed by what a caller does to its objects afterwards',
    async run({ create }) {
      await using store = await create();
      const tags = ['eu'];
      const given: { -readonly [Key in keyof NewExecution]: NewExecution[Key] } = execution('e1', { tags });
      const creating = store.create(given);
      tags.push('late');
      given.input = '"late"';
      given.id = 'late';
      await creating;
      const entry: { body: string } & ReturnType<typeof completed> = completed('e1', 0);
      const recording = store.record(entry);
      entry.body = '"late"';
      await recording;
      const { input, tags: kept } = await loaded(store, 'e1');
      assert.deepEqual({ input, kept }, { input: '{"n":1}', kept: ['eu'] });
      assert.equal((await store.records({ executionId: 'e1', node: 'work' }))[0]?.body, '{"index":0}');
    },
  },
  {
    name: 'says that it does not know an execution',
    async run({ create }) {
      await using store = await create();
      assert.equal(await store.load('nobody'), undefined);
      assert.deepEqual(await store.record(completed('nobody', 0)), { accepted: false, reason: 'unknown' });
      assert.deepEqual(await store.commit(step('nobody', 1)), { committed: false, reason: 'conflict' });
      assert.deepEqual(await store.records({ executionId: 'nobody', node: 'work' }), []);
    },
  },
  {
    name: 'refuses a new execution that it could not give back, and stores nothing of it',
    async run({ create }) {
      await using store = await create();
      const bad: readonly Partial<NewExecution>[] = [
        { id: '' },
        { id: 'nul\0' },
        { id: 'half \ud83d' },
        { name: '' },
        { idempotencyKey: '' },
        { tags: ['ok', ''] },
        { createdAt: Number.NaN },
        { wakeAt: Number.POSITIVE_INFINITY },
        { holder: '' },
        { holder: 'nul\0' },
        { priority: Number.NaN },
        { input: undefined as never },
        { state: { step: 0 } as never },
        { definition: { hash: '', text: '{}' } },
      ];
      for (const more of bad) await rejects(store.create(execution('e1', more)), 'LOOM_INVALID_INPUT');
      assert.deepEqual(plain(await store.list({})), { items: [] });
    },
  },
];
