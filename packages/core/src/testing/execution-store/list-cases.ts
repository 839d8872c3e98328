import assert from 'node:assert/strict';
import type { ExecutionQuery, ExecutionStatus, ExecutionStore } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { execution, finish, loaded, plain, rejects, start, step, times } from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

async function ids(store: ExecutionStore, query: ExecutionQuery): Promise<readonly string[]> {
  return (await store.list(query)).items.map(({ id }) => id);
}

/** Every page of a query, one array of ids a page. */
async function pages(store: ExecutionStore, query: ExecutionQuery): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ ...query, cursor });
    found.push(page.items.map(({ id }) => id));
    if (page.cursor === undefined) return found;
    cursor = page.cursor;
  }
}

/** Ten executions a millisecond apart: e0 is the oldest. */
async function fill(store: ExecutionStore): Promise<void> {
  const statuses: readonly ExecutionStatus[] = ['running', 'paused', 'completed', 'failed', 'running'];
  for (const n of times(10)) {
    const tags = [n % 2 === 0 ? 'even' : 'odd', ...(n % 3 === 0 ? ['third'] : [])];
    const name = n < 5 ? 'old' : 'new';
    await store.create(execution(`e${n}`, { createdAt: start + n, name, tags }));
    const status = statuses[n % 5] as ExecutionStatus;
    if (status !== 'running') await store.commit(step(`e${n}`, 1, { status }));
  }
}

export const listCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'lists heads, newest first',
    async run({ create }) {
      await using store = await create();
      assert.deepEqual(plain(await store.list({})), { items: [] });
      await fill(store);
      const page = await store.list({});
      assert.deepEqual(
        page.items.map(({ id }) => id),
        times(10).map((n) => `e${9 - n}`),
      );
      assert.equal(page.cursor, undefined);
      for (const head of page.items) {
        const {
          definition: _,
          input: __,
          state: ___,
          counters: ____,
          ...expected
        } = await loaded(store, head.id);
        assert.deepEqual(plain(head), plain(expected));
      }
    },
  },
  {
    name: 'lists by each filter alone',
    async run({ create }) {
      await using store = await create();
      await fill(store);
      assert.deepEqual(await ids(store, { status: ['completed'] }), ['e7', 'e2']);
      assert.deepEqual(await ids(store, { status: ['failed', 'paused'] }), ['e8', 'e6', 'e3', 'e1']);
      assert.deepEqual(await ids(store, { status: ['failed', 'failed'] }), ['e8', 'e3']);
      assert.deepEqual(await ids(store, { status: [] }), []);
      assert.deepEqual(await ids(store, { name: 'old' }), ['e4', 'e3', 'e2', 'e1', 'e0']);
      assert.deepEqual(await ids(store, { name: 'nobody' }), []);
      assert.deepEqual(await ids(store, { tags: ['third'] }), ['e9', 'e6', 'e3', 'e0']);
      assert.deepEqual(await ids(store, { tags: ['third', 'odd'] }), ['e9', 'e3']);
      assert.equal((await ids(store, { tags: [] })).length, 10);
      assert.deepEqual(await ids(store, { createdAfter: start + 7 }), ['e9', 'e8']);
      assert.deepEqual(await ids(store, { createdBefore: start + 2 }), ['e1', 'e0']);
      const absent = {
        status: undefined,
        name: undefined,
        tags: undefined,
        limit: undefined,
        cursor: undefined,
      };
      assert.equal(
        (await ids(store, { ...absent, createdAfter: undefined, createdBefore: undefined })).length,
        10,
      );
    },
  },
  {
    name: 'lists by filters combined',
    async run({ create }) {
      await using store = await create();
      await fill(store);
      const query = { status: ['running', 'paused'], name: 'new', tags: ['odd'] } as const;
      assert.deepEqual(await ids(store, query), ['e9', 'e5']);
      assert.deepEqual(await ids(store, { ...query, createdAfter: start + 5 }), ['e9']);
      assert.deepEqual(await ids(store, { ...query, createdBefore: start + 9 }), ['e5']);
      assert.deepEqual(await ids(store, { createdAfter: start + 2, createdBefore: start + 5 }), ['e4', 'e3']);
    },
  },
  {
    name: 'matches names and tags as a whole and by case',
    async run({ create }) {
      await using store = await create();
      const tags = [',', '","', 'a"b', "o'brien", '%', 'größe 🧵', 'Even'];
      for (const [n, tag] of tags.entries())
        await store.create(execution(`e${n}`, { tags: [tag, 'x'], name: tag }));
      for (const [n, tag] of tags.entries()) {
        assert.deepEqual(await ids(store, { tags: [tag] }), [`e${n}`]);
        assert.deepEqual(await ids(store, { name: tag }), [`e${n}`]);
      }
      assert.deepEqual(await ids(store, { tags: ['even'] }), []);
      assert.deepEqual(await ids(store, { tags: ['Eve'] }), []);
    },
  },
  {
    name: 'lists in pages that hold every match once',
    async run({ create }) {
      await using store = await create();
      await fill(store);
      const all = times(10).map((n) => `e${9 - n}`);
      for (const limit of [1, 3, 5, 9, 10, 11]) {
        const found = await pages(store, { limit });
        assert.deepEqual(found.flat(), all);
        assert.equal(found.length, Math.ceil(10 / limit));
      }
      assert.deepEqual(await pages(store, { name: 'old', limit: 2 }), [['e4', 'e3'], ['e2', 'e1'], ['e0']]);
      assert.deepEqual(await pages(store, { tags: ['third'], limit: 2 }), [
        ['e9', 'e6'],
        ['e3', 'e0'],
      ]);
      assert.deepEqual(await pages(store, { createdBefore: start + 3, limit: 2 }), [['e2', 'e1'], ['e0']]);
    },
  },
  {
    name: 'pages over executions of the same millisecond, latest stored first',
    async run({ create }) {
      await using store = await create();
      for (const n of times(7)) await store.create(execution(`e${n}`));
      assert.deepEqual((await pages(store, { limit: 3 })).flat(), ['e6', 'e5', 'e4', 'e3', 'e2', 'e1', 'e0']);
    },
  },
  {
    name: 'sorts by creation whatever the order of storing',
    async run({ create }) {
      await using store = await create();
      for (const n of [4, 1, 3, 0, 2]) await store.create(execution(`e${n}`, { createdAt: start + n }));
      assert.deepEqual((await pages(store, { limit: 2 })).flat(), ['e4', 'e3', 'e2', 'e1', 'e0']);
    },
  },
  {
    name: 'goes on where a page ended while executions come, change and go',
    async run({ create }) {
      await using store = await create();
      for (const n of times(8)) await store.create(execution(`e${n}`, { createdAt: start + n }));
      const first = await store.list({ limit: 3 });
      await store.create(execution('new', { createdAt: start + 100 }));
      await store.commit(finish('e5', 1));
      await store.prune({ finishedBefore: start + 1_000, limit: 10 });
      await store.commit(step('e3', 1, { status: 'paused' }));
      const second = await store.list({ limit: 3, cursor: first.cursor });
      assert.deepEqual(
        second.items.map(({ id }) => id),
        ['e4', 'e3', 'e2'],
      );
      const third = await store.list({ limit: 3, cursor: second.cursor });
      assert.deepEqual(
        third.items.map(({ id }) => id),
        ['e1', 'e0'],
      );
      assert.equal(third.cursor, undefined);
    },
  },
  {
    name: 'lists a hundred when no limit is named, and a thousand at most',
    async run({ create }) {
      await using store = await create();
      await Promise.all(
        times(1_001).map((n) => store.create(execution(`e${n}`, { tags: [n < 5 ? 'few' : 'many'] }))),
      );
      assert.equal((await store.list({})).items.length, 100);
      assert.equal((await store.list({ limit: 1_000 })).items.length, 1_000);
      assert.equal((await pages(store, { tags: ['few'], limit: 2 })).flat().length, 5);
    },
  },
  {
    name: 'refuses queries that make no sense',
    async run({ create }) {
      await using store = await create();
      await fill(store);
      const bad: readonly ExecutionQuery[] = [
        { limit: 0 },
        { limit: -1 },
        { limit: 1_001 },
        { limit: 1.5 },
        { limit: Number.NaN },
        { limit: Number.POSITIVE_INFINITY },
        { createdAfter: Number.NaN },
        { createdBefore: Number.POSITIVE_INFINITY },
        { status: ['done' as never] },
        { cursor: 'not a cursor' },
        { cursor: '' },
      ];
      for (const query of bad) await rejects(store.list(query), 'LOOM_INVALID_OPTION');
    },
  },
];
