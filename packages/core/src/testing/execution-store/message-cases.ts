import assert from 'node:assert/strict';
import type { ExecutionStore, Transition } from '../../ports/execution-store.js';
import type { OutboxEntry, OutboxStore } from '../../ports/outbox-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { claim as claimMessages, contentsOf, drain, entries } from '../outbox-store/building.js';
import { claim, completed, execution, finish, loaded, rejects, step, times } from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

/** A case for stores with an outbox. One without refuses, as the first case says. */
function withOutbox(
  name: string,
  run: (store: ExecutionStore, outbox: OutboxStore, harness: ExecutionStoreHarness) => Promise<void>,
): ConformanceCase<ExecutionStoreHarness> {
  return {
    name,
    async run(harness) {
      await using store = await harness.create();
      if (store.outbox) await run(store, store.outbox, harness);
    },
  };
}

/** What can be claimed is taken; lanes in the order of their first content. */
async function taken(outbox: OutboxStore): Promise<readonly (readonly string[])[]> {
  return contentsOf(await claimMessages(outbox));
}

export const messageCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'stores messages with the head, or refuses them and the head',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const committing = store.commit(step('e1', 1, { messages: entries('k', '"one"') }));
      if (!store.outbox) {
        await rejects(committing, 'LOOM_UNSUPPORTED');
        assert.equal((await loaded(store, 'e1')).version, 1);
        assert.equal((await store.commit(step('e1', 1, { messages: [] }))).committed, true);
        return;
      }
      assert.deepEqual(await committing, { committed: true, version: 2 });
      assert.equal((await store.outbox.stats()).waiting, 1);
      assert.deepEqual(await taken(store.outbox), [['"one"']]);
    },
  },
  withOutbox(
    'gives messages of one key in the order of the commits, whoever committed',
    async (store, outbox) => {
      for (const id of ['e1', 'e2']) await store.create(execution(id));
      await store.commit(step('e1', 1, { messages: entries('k', 'a', 'b') }));
      await outbox.commit({ writes: [], messages: entries('k', 'c') });
      await store.commit(finish('e2', 1, { messages: [...entries('k', 'd'), ...entries('other', 'z')] }));
      await store.commit(
        finish('e1', 2, { records: [completed('e1', 0)], messages: entries(undefined, 'y', 'x') }),
      );
      assert.deepEqual(await taken(outbox), [['a', 'b', 'c', 'd'], ['x'], ['y'], ['z']]);
      assert.deepEqual((await loaded(store, 'e1')).counters, { work: { done: 1, failed: 0 } });
    },
  ),
  withOutbox('stores no message of a refused commit', async (store, outbox) => {
    const messages = entries('k', 'never');
    await store.create(execution('e1'));
    await store.claim(claim('a', 0));
    await store.record(completed('e1', 0));
    const refused: readonly Transition[] = [
      step('unknown', 1, { messages }),
      step('e1', 7, { messages }),
      step('e1', 1, { messages, holder: 'b' }),
      step('e1', 1, { messages, records: [completed('e1', 1), completed('e1', 0)] }),
      finish('e1', 2, { messages }),
    ];
    for (const transition of refused)
      assert.deepEqual(await store.commit(transition), { committed: false, reason: 'conflict' });
    await store.commit(finish('e1', 1));
    assert.equal((await store.commit(finish('e1', 2, { messages }))).committed, false);
    assert.deepEqual(await outbox.stats(), { waiting: 0, parked: 0, oldestAgeMs: null });
    assert.deepEqual(await taken(outbox), []);
  }),
  withOutbox('stores the messages of the one commit that wins', async (store, outbox) => {
    await store.create(execution('e1'));
    const replies = await Promise.all(
      times(20).map((n) => store.commit(step('e1', 1, { messages: entries('k', String(n)) }))),
    );
    const winner = replies.findIndex(({ committed }) => committed);
    assert.deepEqual(await taken(outbox), [[String(winner)]]);
  }),
  withOutbox(
    'takes many messages and large ones, and gives them back to the letter',
    async (store, outbox) => {
      await store.create(execution('e1'));
      const contents = [
        ...times(1_500).map((n) => `"${n}"`),
        `"${'x'.repeat(3_000_000)}end"`,
        '"größe, 日本語, 🧵, \\u0000"',
        '',
      ];
      const messages = contents.flatMap((content) => entries('größe/🧵:{}', content));
      await store.commit(
        finish('e1', 1, { messages, records: times(300).map((index) => completed('e1', index)) }),
      );
      const drained = await drain(outbox, 1_000);
      assert.equal(drained.length, contents.length);
      assert.ok(drained.every((content, place) => content === contents[place]));
      assert.deepEqual((await loaded(store, 'e1')).counters, { work: { done: 300, failed: 0 } });
    },
  ),
  withOutbox('takes a copy of the messages when it is called', async (store, outbox) => {
    await store.create(execution('e1'));
    const messages: { key?: string; content: string }[] = [{ content: 'as it was' }];
    const committing = store.commit(step('e1', 1, { messages }));
    Object.assign(messages[0] as object, { key: 'k', content: 'changed' });
    messages.push({ content: 'more' });
    await committing;
    assert.deepEqual(await taken(outbox), [['as it was']]);
  }),
  withOutbox('has the messages of every resolved commit after a crash', async (_store, _outbox, harness) => {
    if (!harness.crash) return;
    const first = await harness.create();
    await first.create(execution('e1'));
    await first.commit(step('e1', 1, { messages: entries('k', 'a') }));
    await first.commit(finish('e1', 2, { messages: entries('k', 'b') }));
    await using second = await harness.crash(first);
    assert.equal((await loaded(second, 'e1')).status, 'completed');
    assert.deepEqual(second.outbox && (await taken(second.outbox)), [['a', 'b']]);
  }),
  withOutbox(
    'counts no bytes of messages, and keeps them when their execution is removed',
    async (store, outbox) => {
      await store.create(execution('e1', { input: '1' }));
      await store.commit(finish('e1', 1, { state: '1', messages: entries('k', 'x'.repeat(10_000)) }));
      assert.deepEqual(await store.prune({ maxBytes: 100, limit: 9 }), { removed: [] });
      assert.deepEqual(await store.prune({ maxBytes: 0, limit: 9 }), { removed: ['e1'] });
      assert.deepEqual(
        (await taken(outbox)).map((lane) => lane.map((content) => content.length)),
        [[10_000]],
      );
    },
  ),
  withOutbox('refuses messages that make no sense, and writes nothing', async (store, outbox) => {
    await store.create(execution('e1'));
    const bad: readonly unknown[] = [
      'text',
      [undefined],
      [{}],
      [{ content: 7 }],
      [{ content: 'nul\0' }],
      [{ content: '\ud800' }],
      [{ key: '', content: '1' }],
      [{ key: 7, content: '1' }],
      [{ key: 'nul\0', content: '1' }],
    ];
    for (const messages of bad)
      await rejects(
        store.commit(step('e1', 1, { messages: messages as readonly OutboxEntry[] })),
        'LOOM_INVALID_INPUT',
      );
    assert.equal((await loaded(store, 'e1')).version, 1);
    assert.equal((await outbox.stats()).waiting, 0);
  }),
  {
    name: 'closes the outbox with itself',
    async run({ create }) {
      const store = await create();
      const { outbox } = store;
      await store.close();
      if (outbox) await rejects(outbox.stats(), 'LOOM_CLOSED');
    },
  },
];
