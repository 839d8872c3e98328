import type { DeadLetters, Delivery, JsonValue, MessageQueue, Verdict } from '@certoai/loom-core';
import { LoomError } from '@certoai/loom-core';
import { ManualClock, createTestSetup } from '@certoai/loom-core/testing';
import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { expect, test } from 'vitest';
import { claimCheckedQueue } from '../../src/blobs/claim-checked-queue.js';
import type { ClaimCheckedMessageQueue } from '../../src/blobs/claim-checked-queue.js';
import type { ClaimCheckOptions } from '../../src/blobs/claim-check-options.js';
import { ObservedBlobs } from './observed-blobs.js';

const large = 'x'.repeat(98);
const minute = 60_000;
const hour = 60 * minute;

interface Setup {
  readonly clock: ManualClock;
  readonly inner: MessageQueue;
  readonly blobs: ObservedBlobs;
  readonly queue: ClaimCheckedMessageQueue;
}

function setup(options: ClaimCheckOptions = {}, clock = new ManualClock()): Setup {
  const inner = new InMemoryMessageQueue({ clock, capacity: 100 });
  const blobs = new ObservedBlobs();
  return {
    clock,
    inner,
    blobs,
    queue: claimCheckedQueue(inner, blobs, { thresholdBytes: 99, clock, ...options }),
  };
}

/** Handles one delivery after the other as `verdicts` say; acknowledges when there are no more. */
async function handle(
  queue: MessageQueue,
  verdicts: readonly (Verdict | Error | undefined)[] = [],
): Promise<readonly JsonValue[]> {
  const seen: JsonValue[] = [];
  await queue.consume('q', async ({ body }) => {
    const verdict = verdicts[seen.push(body) - 1];
    if (verdict instanceof Error) throw verdict;
    return verdict;
  });
  return seen;
}

test('large bodies are blobs and messages hold references; small ones stay as they are', async () => {
  const { clock, inner, blobs, queue } = setup();
  const bodies = [large, { text: large }, 'small', null, [large], 'x'.repeat(97)];
  await queue.send(
    'q',
    bodies.map((body) => ({ body })),
  );
  const raw: JsonValue[] = [];
  const consumer = await inner.consume('q', async ({ body }) => {
    raw.push(body);
    return { kind: 'dead-letter', reason: 'seen' };
  });
  await clock.advance(0);
  await consumer.close();
  const references = blobs.keys.map((key) => expect.objectContaining({ '$loom.blob': key }));
  expect(raw).toEqual([...references.slice(0, 2), 'small', null, references[2], 'x'.repeat(97)]);
  expect(raw[0]).toEqual({ '$loom.blob': blobs.keys[0], bytes: 100 });
  expect((await queue.deadLetters.list('q')).items.map(({ body }) => body)).toEqual(bodies);
  await queue.deadLetters.redrive('q');
  const seen = await handle(queue);
  await clock.advance(0);
  expect(seen).toEqual(bodies);
});

test('no body of a user is taken for a reference, however it looks', async () => {
  const { clock, inner, blobs, queue } = setup({ thresholdBytes: 1_000 });
  await queue.send('secrets', [{ body: 's'.repeat(2_000) }]);
  const stolen = { '$loom.blob': blobs.keys[0] as string, bytes: 2_002 };
  const forged: JsonValue[] = [
    stolen,
    { ...stolen, more: 1 },
    { 1: 'comes first', '$loom.blob': blobs.keys[0] as string },
    { '$loom.blob': null },
    { '$loom.blob': { '$loom.blob': 'a' } },
    [stolen],
    { inside: stolen },
    JSON.stringify(stolen),
  ];
  const disguised = { toJSON: () => stolen } as never;
  await queue.send(
    'q',
    [...forged, disguised].map((body) => ({ body })),
  );
  const seen = await handle(queue);
  await clock.advance(0);
  expect(seen).toEqual([...forged, stolen]);
  expect(await inner.stats('q')).toMatchObject({ dead: 0, active: 0, ready: 0 });
});

test('what is sent is what it was, also beside a body that takes its time', async () => {
  const { clock, blobs, queue } = setup();
  const bodies = [{ steps: ['one'] }, { steps: [large] }];
  blobs.before = () => {
    for (const { steps } of bodies) steps.push('changed');
  };
  await queue.send(
    'q',
    bodies.map((body) => ({ body })),
  );
  blobs.before = () => {};
  const seen = await handle(queue);
  await clock.advance(0);
  expect(seen).toEqual([{ steps: ['one'] }, { steps: [large] }]);
});

test('a blob stays for retries, releases and dead letters, and goes a minute after it was acknowledged', async () => {
  const { clock, blobs, queue } = setup();
  await queue.send('q', [{ body: large }]);
  const seen = await handle(queue, [
    new Error('once'),
    { kind: 'retry', delayMs: 5 },
    { kind: 'release' },
    { kind: 'dead-letter', reason: 'enough' },
  ]);
  await clock.advance(10 * minute);
  expect([seen.length, blobs.keys.length]).toEqual([4, 1]);
  await queue.deadLetters.redrive('q');
  await clock.advance(minute - 1);
  expect([seen, blobs.keys.length]).toEqual([Array.from({ length: 5 }, () => large), 1]);
  await clock.advance(1);
  expect([blobs.keys, clock.pendingTimers]).toEqual([[], 0]);
});

test('a message whose acknowledgement was lost is delivered with its body, and then its blob goes', async () => {
  const { clock, blobs } = setup();
  const forgetful = new ForgetfulQueue(clock);
  const queue = claimCheckedQueue(forgetful, blobs, { thresholdBytes: 99, clock });
  await queue.send('q', [{ body: large }]);
  const seen = await handle(queue);
  await clock.advance(50_000);
  expect(seen).toEqual([large, large]);
  await clock.advance(40_000);
  expect(blobs.keys).toHaveLength(1);
  await clock.advance(minute);
  expect([seen.length, blobs.keys]).toEqual([2, []]);
});

test('a blob that was to go stays when its message comes again and becomes a dead letter', async () => {
  const { clock, blobs } = setup();
  const queue = claimCheckedQueue(new ForgetfulQueue(clock), blobs, { thresholdBytes: 99, clock });
  await queue.send('q', [{ body: large }]);
  await handle(queue, [undefined, { kind: 'dead-letter', reason: 'dead' }]);
  await clock.advance(10 * minute);
  expect((await queue.deadLetters.list('q')).items).toMatchObject([{ body: large }]);
});

test('closing removes the blobs of what was acknowledged, and leaves the store of blobs open', async () => {
  const { clock, blobs, queue } = setup();
  await queue.send('q', [{ body: large }, { body: `${large}2` }, { body: large, delayMs: hour }]);
  await handle(queue);
  await clock.advance(0);
  await Promise.all([queue.close(), queue.close()]);
  await queue[Symbol.asyncDispose]();
  expect(blobs.keys).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
  await expect(queue.send('q', [{ body: large, dedupeId: 'late' }])).rejects.toMatchObject({
    code: 'LOOM_CLOSED',
  });
  expect(blobs.keys).toHaveLength(1);
  expect(await blobs.get(blobs.keys[0] as string)).toBe(JSON.stringify(large));
});

test('a message whose blob is gone becomes a dead letter that says so, at once', async () => {
  const { clock, blobs, queue } = setup();
  await queue.send('q', [{ body: large }, { body: 'small' }]);
  const [key] = blobs.keys as [string];
  await blobs.remove(key);
  const seen = await handle(queue);
  await clock.advance(0);
  expect(seen).toEqual(['small']);
  const { items } = await queue.deadLetters.list('q');
  expect(items).toMatchObject([{ attempts: 1, body: { '$loom.blob': key, bytes: 100 } }]);
  expect(items[0]?.reason).toContain(`blob "${key}"`);
});

test('while the blob store fails, a message goes back without being counted', async () => {
  const { logger, log } = createTestSetup();
  const { clock, blobs, queue } = setup({ logger });
  await queue.send('q', [{ body: large }]);
  let reads = 0;
  blobs.before = (call) => {
    if (call === 'get' && (reads += 1) <= 20) throw new LoomError('LOOM_STORE_FAILED', 'Away.');
  };
  const attempts: number[] = [];
  await queue.consume('q', async ({ attempt }) => void attempts.push(attempt), { maxDeliveries: 1 });
  await clock.advance(19_999);
  expect([reads, attempts]).toEqual([20, []]);
  await clock.advance(1_001);
  expect(attempts).toEqual([1]);
  expect(log.filter(({ level }) => level === 'warn')).toHaveLength(20);
});

test('what fails in another way is a rejection like any other', async () => {
  const { clock, inner, blobs, queue } = setup();
  await queue.send('q', [{ body: large }]);
  await blobs.close();
  await queue.consume('q', async () => {}, { maxDeliveries: 2, retryDelayMs: 10 });
  await clock.advance(10);
  const { items } = await inner.deadLetters.list('q');
  expect(items).toMatchObject([
    { attempts: 2, reason: 'The blob store is closed. Open a new one to go on.' },
  ]);
});

test('a dedupe id that is known makes no second blob', async () => {
  const { clock, blobs, queue } = setup();
  const message = { body: large, dedupeId: 'once' };
  const [id] = await queue.send('q', [message]);
  const other = claimCheckedQueue(new Answering(id as string), blobs, { thresholdBytes: 99, clock });
  await Promise.all([queue.send('q', [message, message]), other.send('q', [message])]);
  expect(blobs.keys).toHaveLength(1);
  // Another body under a known id is not stored, and the first one is delivered.
  await queue.send('q', [{ ...message, body: `${large}2` }]);
  expect(blobs.keys).toHaveLength(1);
  const seen = await handle(queue);
  await clock.advance(0);
  expect(await queue.send('q', [message])).toEqual([id]);
  await clock.advance(minute);
  expect([seen, blobs.keys]).toEqual([[large], []]);
});

test('an id that comes again for a later message takes no blob away', async () => {
  const { clock, blobs } = setup();
  // As queues do that make the id of a message from its dedupe id.
  const queue = claimCheckedQueue(new Answering('same'), blobs, { thresholdBytes: 99, clock });
  await queue.send('q', [{ body: large, dedupeId: 'again' }]);
  await clock.advance(hour);
  await queue.send('q', [{ body: large, dedupeId: 'again' }]);
  expect(blobs.keys).toHaveLength(2);
  expect(await queue.withdraw('q', ['same'])).toBe(1);
  expect(blobs.keys).toEqual([expect.stringMatching(/^messages\/2026-01-01T00\//)]);
});

test('two messages of one batch and one dedupe id are one message with one blob', async () => {
  const { clock, blobs, queue } = setup();
  await queue.send('q', [
    { body: large, dedupeId: 'once' },
    { body: `${large}2`, dedupeId: 'once' },
  ]);
  expect(blobs.keys).toHaveLength(1);
  const seen = await handle(queue);
  await clock.advance(0);
  expect(seen).toEqual([large]);
});

test('a dedupe id that is used again later is another message with a blob of its own', async () => {
  const { clock, blobs, queue } = setup();
  const message = { body: large, dedupeId: 'again' };
  await queue.pause('q');
  await queue.send('q', [message]);
  const seen = await handle(queue);
  await clock.advance(hour);
  await queue.resume('q');
  await clock.advance(0);
  expect(seen).toHaveLength(1);
  await queue.pause('q');
  await queue.send('q', [message]);
  await clock.advance(minute);
  expect(blobs.keys).toHaveLength(1);
  await queue.resume('q');
  await clock.advance(0);
  expect(seen).toEqual([large, large]);
});

test('a send that is refused leaves no blob, and never takes one away from a message that is there', async () => {
  const { blobs, queue } = setup();
  await queue.send('q', [{ body: large, dedupeId: 'there' }]);
  const kept = blobs.keys;
  const wrong: readonly (() => Promise<unknown>)[] = [
    () => queue.send('q', [{ body: large }, { body: 1n as never }]),
    () => queue.send('q', [{ body: large }, { body: 1, priority: 101 }]),
    () => queue.send('no name', [{ body: large }]),
    () =>
      queue.send(
        'q',
        Array.from({ length: 100 }, () => ({ body: large })),
      ),
    () =>
      queue.send('q', [
        { body: large, dedupeId: 'there' },
        ...Array.from({ length: 100 }, () => ({ body: large })),
      ]),
  ];
  for (const send of wrong)
    await expect(send()).rejects.toMatchObject({ code: expect.stringMatching(/^LOOM_/) as string });
  expect(blobs.keys).toEqual(kept);
});

test('a send whose outcome is not known keeps its blobs', async () => {
  const { clock, blobs } = setup();
  const queue = claimCheckedQueue(new Failing(clock), blobs, { thresholdBytes: 99, clock });
  await expect(queue.send('q', [{ body: large }])).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED' });
  expect(blobs.keys).toHaveLength(1);
});

test('blobs go with dead letters that are discarded, and only with those', async () => {
  const { clock, blobs, queue } = setup();
  const messages = [large, 'small', `${large}2`, `${large}3`].map((body) => ({ body }));
  const ids = await queue.send('q', messages);
  await handle(
    queue,
    messages.map(({ body }) => ({ kind: 'dead-letter', reason: body.endsWith('3') ? 'other' : 'one' })),
  );
  await clock.advance(0);
  expect(await queue.deadLetters.discard('q', { ids: [ids[0] as string, ids[1] as string, 'unknown'] })).toBe(
    2,
  );
  expect(blobs.keys).toHaveLength(2);
  const { items } = await queue.deadLetters.list('q');
  expect(await queue.deadLetters.discard('q', { fingerprint: items[0]?.fingerprint })).toBe(1);
  expect((await queue.deadLetters.list('q')).items.map(({ body }) => body)).toEqual([`${large}3`]);
  expect(await queue.deadLetters.discard('q')).toBe(1);
  expect(blobs.keys).toEqual([]);
});

test('a dead letter that is redriven while it is to be discarded keeps its blob', async () => {
  const { clock, inner, blobs } = setup();
  const { deadLetters } = inner;
  const redriving: DeadLetters = {
    list: async (...args) => {
      const page = await deadLetters.list(...args);
      await deadLetters.redrive('q');
      return page;
    },
    groups: (...args) => deadLetters.groups(...args),
    redrive: (...args) => deadLetters.redrive(...args),
    discard: (...args) => deadLetters.discard(...args),
  };
  Object.defineProperty(inner, 'deadLetters', { value: redriving });
  const queue = claimCheckedQueue(inner, blobs, { thresholdBytes: 99, clock });
  await queue.send('q', [{ body: large }]);
  const seen = await handle(queue, [{ kind: 'dead-letter', reason: 'dead' }]);
  await clock.advance(0);
  await inner.pause('q');
  expect(await queue.deadLetters.discard('q')).toBe(0);
  await inner.resume('q');
  await clock.advance(0);
  expect(seen).toEqual([large, large]);
});

test('blobs go with messages that are withdrawn: waiting, delayed and running, and not with dead letters', async () => {
  const { clock, blobs, queue } = setup();
  let end = (): void => {};
  const running = new Promise<void>((resolve) => {
    end = resolve;
  });
  const deliveries: Delivery[] = [];
  await queue.consume('q', async (delivery) => {
    deliveries.push(delivery);
    if (delivery.body === `${large}dead`) return { kind: 'dead-letter', reason: 'dead' };
    await running;
    return undefined;
  });
  const bodies = [`${large}dead`, `${large}running`, `${large}waiting`, 'small', `${large}kept`];
  const ids = await queue.send(
    'q',
    bodies.map((body) => ({ body })),
  );
  const [delayed] = await queue.send('q', [{ body: `${large}delayed`, delayMs: hour }]);
  await clock.advance(0);
  expect(deliveries).toHaveLength(2);
  expect(await queue.withdraw('q', [...ids.slice(0, 4), delayed as string, 'unknown'])).toBe(4);
  expect(deliveries[1]?.signal.reason).toMatchObject({ code: 'LOOM_CANCELLED' });
  end();
  await clock.advance(2 * minute);
  expect(deliveries.map(({ body }) => body)).toEqual([bodies[0], bodies[1], bodies[4]]);
  expect((await queue.deadLetters.list('q')).items.map(({ body }) => body)).toEqual([bodies[0]]);
  expect(blobs.keys).toHaveLength(1);
});

test('a running message that another process withdraws takes its blob along', async () => {
  const { clock, inner, blobs, queue } = setup();
  const consumer = claimCheckedQueue(inner, blobs, { thresholdBytes: 99, clock });
  await consumer.consume('q', ({ signal }) => {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  });
  const ids = await queue.send('q', [{ body: large }]);
  await clock.advance(0);
  expect(await inner.withdraw('q', ids)).toBe(1);
  await clock.advance(minute);
  expect(blobs.keys).toEqual([]);
});

test('a message that is withdrawn while its body is read is not handled, and takes its blob along', async () => {
  const { clock, inner, blobs, queue } = setup();
  const ids = await queue.send('q', [{ body: large }]);
  blobs.before = async (call) => {
    if (call === 'get') await inner.withdraw('q', ids);
  };
  const seen = await handle(queue);
  await clock.advance(minute);
  expect([seen, blobs.keys]).toEqual([[], []]);
  expect(await queue.stats('q')).toMatchObject({ ready: 0, delayed: 0, active: 0, dead: 0 });
});

test('a sweep removes blobs of hours that are past, and of nothing else', async () => {
  const { clock, blobs, queue } = setup();
  await queue.send('q', [{ body: large }]);
  await clock.advance(hour);
  await queue.send('q', [{ body: large }]);
  await blobs.put('executions/e1/x', large);
  expect(await queue.sweep({ olderThanMs: hour })).toBe(0);
  await clock.advance(minute);
  expect(await queue.sweep({ olderThanMs: 2 * hour })).toBe(0);
  await clock.advance(hour);
  expect(await queue.sweep({ olderThanMs: hour })).toBe(1);
  expect(blobs.keys).toHaveLength(2);
  for (const olderThanMs of [0, -1, 1.5, Number.NaN, Infinity, undefined as never])
    await expect(queue.sweep({ olderThanMs })).rejects.toMatchObject({ code: 'LOOM_INVALID_OPTION' });
});

test('whatever the queue offers beside bodies is there', async () => {
  const { clock, inner, queue } = setup();
  await queue.pause('q');
  await queue.send('q', [{ body: large, group: { key: 'k', concurrency: 1 } }]);
  expect(await queue.group('q', 'k')).toEqual(await inner.group('q', 'k'));
  expect(await queue.stats('q')).toMatchObject({ ready: 1, paused: true });
  expect(queue.instances).toBe(inner.instances);
  await queue.resume('q');
  const seen = await handle(queue);
  await clock.advance(0);
  expect(seen).toEqual([large]);
});

/** Delivers everything twice, as when the first acknowledgement is lost. */
class ForgetfulQueue extends InMemoryMessageQueue {
  constructor(clock: ManualClock) {
    super({ clock });
  }
  override consume(...[queue, handler, options]: Parameters<MessageQueue['consume']>) {
    return super.consume(
      queue,
      async (delivery) => {
        const verdict = await handler(delivery);
        return delivery.attempt === 1 && verdict === undefined ? { kind: 'retry', delayMs: 40_000 } : verdict;
      },
      options,
    );
  }
}

/** Stores what it is sent, and loses the answer. */
class Failing extends InMemoryMessageQueue {
  constructor(clock: ManualClock) {
    super({ clock });
  }
  override async send(...args: Parameters<MessageQueue['send']>): Promise<readonly string[]> {
    await super.send(...args);
    throw new LoomError('LOOM_STORE_FAILED', 'The answer was lost.');
  }
}

/** Has one message, of which it knows every dedupe id. */
class Answering extends InMemoryMessageQueue {
  readonly #id: string;

  constructor(id: string) {
    super();
    this.#id = id;
  }
  override async send(): Promise<readonly string[]> {
    return [this.#id];
  }
  override async withdraw(_: string, ids: readonly string[]): Promise<number> {
    return ids.includes(this.#id) ? 1 : 0;
  }
}
