import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { allRecords, claim, completed, execution, finish, loaded, step } from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

/** JSON text of `bytes` bytes whose end differs from its start. */
function text(bytes: number, letter = 'x'): string {
  return `"${letter.repeat(bytes - 5)}end"`;
}

export const payloadCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'gives every payload back to the letter',
    async run({ create }) {
      await using store = await create();
      const texts = [
        'null',
        '""',
        '"größe, 日本語, 🧵👩‍👩‍👧, \u2028\u2029, \ufeff, \\u0000, \\ud800"',
        '"it\'s ? :name @x $1 -- /* */ % _ \\\\"',
        `  { "spaces" : [ 1.0, 1e21, -0 ] }\n`,
        '"\u0001\u001f\u007f"',
      ];
      for (const [n, text] of texts.entries()) {
        const id = `e${n}`;
        const definition = { hash: `hash-${n}`, text };
        await store.create(execution(id, { definition, input: text, state: text }));
        await store.record(completed(id, 0, { body: text }));
        const { input, state, definition: stored } = await loaded(store, id);
        assert.deepEqual({ input, state, stored }, { input: text, state: text, stored: definition });
        assert.equal((await allRecords(store, id))[0]?.body, text);
        await store.commit(step(id, 1, { state: `[${text}]` }));
        assert.equal((await loaded(store, id)).state, `[${text}]`);
      }
    },
  },
  {
    name: 'gives ids, keys, names, tags and holders back to the letter',
    async run({ create }) {
      await using store = await create();
      const odd = 'größe/日本語 🧵:{}[]\'"%_*?\\ ';
      const given = { idempotencyKey: odd, name: odd, tags: [odd, '__proto__'] };
      assert.deepEqual(await store.create(execution(odd, given)), { created: true, id: odd });
      const { id, idempotencyKey, name, tags } = await loaded(store, odd);
      assert.deepEqual({ id, idempotencyKey, name, tags }, { id: odd, ...given });
      assert.equal((await store.create(execution('other', given))).id, odd);
      assert.deepEqual((await store.claim(claim(odd, 0))).ids, [odd]);
      assert.equal((await store.claim(claim(odd, 0))).renewed, true);
      await store.leave(odd);
      assert.deepEqual((await store.claim(claim('other', 0))).ids, [odd]);
    },
  },
  ...[1_000, 1_025, 5_000, 100_000, 8_000_000].map((bytes): ConformanceCase<ExecutionStoreHarness> => ({
    name: `holds payloads of ${bytes} bytes`,
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { input: text(bytes, 'i'), state: text(bytes, 's') }));
      await store.record(completed('e1', 0, { body: text(bytes, 'b') }));
      await store.commit(
        step('e1', 1, { state: text(bytes, 't'), records: [completed('e1', 1, { body: text(bytes, 'c') })] }),
      );
      await store.commit(finish('e1', 2, { state: text(bytes, 'u') }));
      const { input, state } = await loaded(store, 'e1');
      assert.ok(input === text(bytes, 'i') && state === text(bytes, 'u'));
      const [first, second] = await allRecords(store, 'e1');
      assert.ok(first?.body === text(bytes, 'b') && second?.body === text(bytes, 'c'));
      assert.deepEqual(await store.prune({ maxBytes: 4 * bytes - 1, limit: 1 }), { removed: ['e1'] });
      assert.equal(await store.load('e1'), undefined);
    },
  })),
];
