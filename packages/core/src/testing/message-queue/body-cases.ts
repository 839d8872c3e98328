import assert from 'node:assert/strict';
import type { JsonValue } from '../../message/json.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { assertRejects, observe, until, untilEmpty } from './observed-queue.js';

const name = 'orders';

/** What a message may carry, and that nobody changes it on the way. */
export const bodyCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'carries any JSON value unchanged',
    async run(harness) {
      await using queue = await harness.create();
      const bodies: readonly JsonValue[] = [
        null,
        true,
        false,
        0,
        -0.5,
        1e300,
        2 ** 53 - 1,
        '',
        ' ',
        [],
        {},
        [[]],
        [null],
        { '': { ' ': [] } },
        'ümläut 漢字 🧵 \u0000 \u2028 \u2029 " \\ \n \r \t',
        '\ud800 a lone surrogate',
        JSON.parse('{"__proto__":{"a":1},"constructor":2}') as JsonValue,
        Array.from({ length: 60 }).reduce<JsonValue>((inner) => ({ inner }), 'deep'),
      ];
      await queue.send(
        name,
        bodies.map((body) => ({ body })),
      );
      const { seen } = await observe(queue, name);
      await until(harness, 'all bodies', () => seen.length === bodies.length);
      assert.deepEqual(
        seen.map(({ body }) => JSON.stringify(body)),
        bodies.map((body) => JSON.stringify(body)),
      );
    },
  },
  {
    name: 'carries a body of a megabyte',
    async run(harness) {
      await using queue = await harness.create();
      const body = { text: '漢x'.repeat(250_000), list: Array.from({ length: 10_000 }, (_, index) => index) };
      await queue.send(name, [{ body }]);
      const { seen } = await observe(queue, name);
      await until(harness, 'the delivery', () => seen.length === 1);
      assert.deepEqual(seen[0]?.body, body);
    },
  },
  {
    name: 'keeps a body as it was when it was sent, whatever the sender does to it',
    async run(harness) {
      await using queue = await harness.create();
      const body = { steps: ['one'] };
      const sending = queue.send(name, [{ body }]);
      body.steps.push('changed while sending');
      await sending;
      body.steps.push('changed later');
      const { seen } = await observe(queue, name);
      await until(harness, 'the delivery', () => seen.length === 1);
      assert.deepEqual(seen[0]?.body, { steps: ['one'] });
    },
  },
  {
    name: 'delivers the original body again, whatever the handler did to it',
    async run(harness) {
      await using queue = await harness.create();
      const bodies: string[] = [];
      await observe(queue, name, (delivery) => {
        bodies.push(JSON.stringify(delivery.body));
        (delivery.body as { n: number }).n = 99;
        return delivery.attempt === 1 ? { kind: 'retry' } : undefined;
      });
      await queue.send(name, [{ body: { n: 1 } }]);
      await until(harness, 'two deliveries', () => bodies.length === 2);
      assert.deepEqual(bodies, ['{"n":1}', '{"n":1}']);
    },
  },
  {
    name: 'refuses bodies that are not JSON, and stores nothing of them',
    async run(harness) {
      await using queue = await harness.create();
      const cycle: Record<string, unknown> = {};
      cycle['self'] = cycle;
      const bodies: readonly unknown[] = [
        1n,
        () => 1,
        Symbol('s'),
        Number.NaN,
        Infinity,
        cycle,
        { deep: [{ big: 1n }] },
        new Map(),
      ];
      for (const body of bodies) {
        await assertRejects(
          () => queue.send(name, [{ body: body as never }]),
          'LOOM_NOT_SERIALISABLE',
          typeof body,
        );
      }
      await untilEmpty(harness, queue, name);
    },
  },
];
