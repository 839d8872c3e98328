import type { OutboxOutcome } from '@certoai/loom-core';
import { OutboxPattern } from '@certoai/loom-storage';
import { CosmosOutboxStore } from '@certoai/loom-storage/cosmos';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ObservedQueue } from '../outbox/observed-queue.js';
import { startCosmos, type TestCosmos } from './cosmos.js';

/** Short, as relays that die are waited for. Milliseconds. */
const relay = { leaseMs: 1_000, idleMs: 100, batchSize: 20 };
let cosmos: TestCosmos;

beforeAll(async () => {
  cosmos = await startCosmos();
});
afterAll(() => cosmos[Symbol.asyncDispose]());

/** A process that ends between sending messages and noting it, as often as it is asked to settle. */
class DyingStore extends CosmosOutboxStore {
  settlements = 0;

  override settle(_token: string, _outcomes: readonly OutboxOutcome[]): Promise<void> {
    this.settlements += 1;
    return new Promise(() => {});
  }
}

const orders = ['a', 'b', 'c'];

async function commitAll(outbox: OutboxPattern, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 1) {
    const writes = orders.map((key) => ({ key, value: n, ifVersion: n }));
    const messages = [...orders, undefined].map((key) => ({ queue: 'mails', body: `${key} ${n}`, key }));
    await outbox.commit({ writes, messages });
  }
}

function bodiesOf(queue: ObservedQueue, key: string): readonly string[] {
  return (queue.bodies('mails') as readonly string[]).filter((body) => body.startsWith(`${key} `));
}

function expectAll(queue: ObservedQueue, count: number): void {
  const numbers = Array.from({ length: count }, (_, n) => n);
  for (const key of orders) expect(bodiesOf(queue, key)).toEqual(numbers.map((n) => `${key} ${n}`));
  const free = bodiesOf(queue, 'undefined').map((body) => Number(body.split(' ')[1]));
  expect(free.toSorted((a, b) => a - b)).toEqual(numbers);
}

test('everything arrives once and in order when relays are killed between sending and settling', async () => {
  const queue = new ObservedQueue();
  const { client, database } = await cosmos.open();
  for (let killed = 0; killed < 2; killed += 1) {
    const store = new DyingStore(client, { database });
    const outbox = new OutboxPattern(store, queue, { relay });
    await commitAll(outbox, 10 * killed, 10 * (killed + 1));
    const sent = queue.bodies('mails').length;
    await outbox.start();
    await vi.waitFor(() => expect(store.settlements).toBe(1), { timeout: 20_000 });
    expect(queue.bodies('mails').length).toBeGreaterThan(sent);
    // Nobody ends it: it waits for ever, and what it has taken is free when its lease ends.
  }
  await using store = new CosmosOutboxStore(client, { database });
  await using outbox = new OutboxPattern(store, queue, { relay });
  await outbox.start();
  await commitAll(outbox, 20, 25);
  await vi.waitFor(async () => expect((await outbox.stats()).waiting).toBe(0), {
    timeout: 30_000,
    interval: 100,
  });
  expectAll(queue, 25);
  await queue.close();
}, 60_000);

test('a relay that is frozen past its lease while another goes on sends nothing twice and nothing late', async () => {
  const queue = new ObservedQueue();
  const { client, database } = await cosmos.open();
  const options = { database, partition: 'frozen' };
  await using frozenStore = new CosmosOutboxStore(client, options);
  await using store = new CosmosOutboxStore(client, options);
  let thaw = (): void => {};
  let isFrozen = false;
  const send = queue.send.bind(queue);
  const frozenQueue = Object.assign(Object.create(queue) as ObservedQueue, {
    send: async (...args: Parameters<ObservedQueue['send']>) => {
      if (!isFrozen) await new Promise<void>((resolve) => ([isFrozen, thaw] = [true, resolve]));
      return send(...args);
    },
  });
  await using frozen = new OutboxPattern(frozenStore, frozenQueue, { relay });
  await using other = new OutboxPattern(store, queue, { relay });
  await commitAll(frozen, 0, 3);
  await frozen.start();
  await vi.waitFor(() => expect(isFrozen).toBe(true), { timeout: 20_000 });
  await other.start();
  await commitAll(other, 3, 6);
  const waiting = async (): Promise<number> => (await other.stats()).waiting;
  await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 30_000, interval: 100 });
  expectAll(queue, 6);
  thaw();
  await commitAll(other, 6, 8);
  await frozen.close();
  await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 30_000, interval: 100 });
  expectAll(queue, 8);
  await queue.close();
}, 60_000);
