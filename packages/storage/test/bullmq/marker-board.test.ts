import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MarkerBoard } from '../../src/bullmq/marker-board.js';
import type { MarkerWait } from '../../src/bullmq/marker-board.js';
import type { OpenRedisClient } from '../../src/bullmq/redis-client.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Reply = [key: string, member: string, score: string] | null;

interface Question {
  readonly keys: readonly string[];
  readonly answer: (reply: Reply) => Promise<void>;
  readonly refuse: (error: Error) => Promise<void>;
}

/** A server whose questions are answered by hand. */
class FakeServer {
  readonly questions: Question[] = [];
  readonly marks: unknown[] = [];
  readonly errors: unknown[] = [];
  opened = 0;
  released = 0;
  reconnected = 0;
  readonly #onReady: (() => void)[] = [];
  readonly board: MarkerBoard;

  constructor() {
    const working = {
      zadd: async (...args: readonly unknown[]) => void this.marks.push(args),
      pexpire: async () => 1,
    } as unknown as OpenRedisClient;
    this.board = new MarkerBoard({
      working: async () => working,
      open: async () => this.#open(),
      release: () => (this.released += 1),
      onError: (error) => void this.errors.push(error),
    });
  }

  /** The keys of the question under way, but for the one that ends it. */
  get asked(): readonly string[] | undefined {
    return this.questions.at(-1)?.keys.slice(0, -1);
  }

  get endKey(): string | undefined {
    return this.questions.at(-1)?.keys.at(-1);
  }

  async answer(key: string, member = '0', score = '0'): Promise<void> {
    await this.questions.at(-1)?.answer([key, member, score]);
  }

  connect(): void {
    for (const listener of this.#onReady) listener();
  }

  #open(): OpenRedisClient {
    this.opened += 1;
    return {
      status: 'ready',
      once: (_: string, listener: () => void) => {
        listener();
      },
      on: (_: string, listener: () => void) => this.#onReady.push(listener),
      disconnect: () => (this.reconnected += 1),
      bzpopmin: (...args: readonly (string | number)[]) =>
        new Promise((resolve, reject) => {
          this.questions.push({
            keys: args.slice(0, -1).map(String),
            answer: (reply) => turn(() => resolve(reply)),
            refuse: (error) => turn(() => reject(error)),
          });
        }),
    } as unknown as OpenRedisClient;
  }
}

/** Waits as a consumer does, and says how often it was woken. */
class Waiter {
  woken = 0;
  readonly place: MarkerWait;

  constructor(server: FakeServer, key: string) {
    this.place = server.board.join(key);
  }
  async wait(untilMs?: number): Promise<void> {
    void this.place.wait(untilMs).then(() => (this.woken += 1));
    await turn();
  }
}

async function turn(act: () => void = () => {}): Promise<void> {
  act();
  await vi.advanceTimersByTimeAsync(0);
}

async function waiters(
  ...keys: readonly string[]
): Promise<{ readonly server: FakeServer; readonly all: readonly Waiter[] }> {
  const server = new FakeServer();
  const all = keys.map((key) => new Waiter(server, key));
  for (const one of all) void one.wait();
  await turn();
  return { server, all };
}

test('asks one question about all who wait, and wakes whom the answer is for', async () => {
  const { server, all } = await waiters('a', 'b', 'a');
  expect(server.asked).toEqual(['a', 'b']);
  await server.answer('b');
  expect(all.map(({ woken }) => woken)).toEqual([0, 1, 0]);
  expect(server.opened).toBe(1);
});

test('ends its question once for all who begin to wait for other queues', async () => {
  const { server } = await waiters('a');
  for (const key of ['b', 'c', 'a']) await new Waiter(server, key).wait();
  expect(server.asked).toEqual(['a']);
  expect(server.marks).toEqual([[server.endKey, 0, '0']]);
  await server.answer(server.endKey ?? '');
  expect(server.asked).toEqual(['a', 'b', 'c']);
  await new Waiter(server, 'd').wait();
  expect(server.marks).toHaveLength(2);
});

test('goes on asking when nothing came for half a minute, and wakes nobody', async () => {
  const { server, all } = await waiters('a');
  await server.questions[0]?.answer(null);
  expect(server.questions).toHaveLength(2);
  expect(all[0]?.woken).toBe(0);
});

test('tells the consumers of one queue in turns', async () => {
  const { server, all } = await waiters('a', 'a');
  for (const expected of [
    [1, 0],
    [1, 1],
    [2, 1],
  ]) {
    await server.answer('a');
    expect(all.map(({ woken }) => woken)).toEqual(expected);
    for (const one of all) if (!one.place.isWaiting) await one.wait();
  }
});

test('tells one who waits before one who looks', async () => {
  const server = new FakeServer();
  const [looking, waiting] = [new Waiter(server, 'a'), new Waiter(server, 'a')];
  await waiting.wait();
  await server.answer('a');
  expect([looking.woken, waiting.woken]).toEqual([0, 1]);
});

test('remembers a marker that comes while its consumer looks, and puts it back when there is no place', async () => {
  const { server, all } = await waiters('a', 'b');
  const [a] = all;
  await server.answer('a');
  expect(server.asked, 'b still waits, and a may have place for more').toEqual(['b', 'a']);
  server.marks.length = 0;
  await server.answer('a', '1', '7');
  await a?.wait();
  expect([a?.woken, a?.place.isWaiting]).toEqual([2, false]);
  await server.answer('a', '1', '7');
  a?.place.rest();
  await turn();
  expect(server.marks).toEqual([['a', 7, '1']]);
  expect(a?.place.isWaiting).toBe(false);
});

test('puts a marker back that came for a queue without place, and asks no more about it', async () => {
  const { server, all } = await waiters('a', 'b');
  await server.answer('a');
  all[0]?.place.rest();
  await server.answer('a');
  expect(server.marks).toEqual([['a', 0, '0']]);
  expect(server.asked).toEqual(['b']);
  await all[0]?.wait();
  expect(server.marks.at(-1)).toEqual([server.endKey, 0, '0']);
});

test('puts no marker back for a temporary queue, where nobody else would take it away', async () => {
  const temporary = 'loom:loom.replies.1:marker';
  const { server, all } = await waiters(temporary, 'b');
  await server.answer(temporary);
  await server.answer(temporary);
  all[0]?.place.rest();
  all[1]?.place.close();
  all[0]?.place.close();
  await turn();
  const keys = server.marks.map((mark) => (mark as readonly unknown[])[0]);
  expect(new Set(keys)).toEqual(new Set([server.endKey, 'b']));
});

test('asks nothing while nobody waits', async () => {
  const { server, all } = await waiters('a');
  await server.answer('a');
  expect(server.questions).toHaveLength(1);
  await all[0]?.wait();
  expect(server.questions).toHaveLength(2);
});

test('lets go of its connection with the last who leaves, and makes good for what was asked', async () => {
  const { server, all } = await waiters('a', 'b');
  all[0]?.place.close();
  await turn();
  expect(server.released).toBe(0);
  expect(server.marks, 'nobody asks about it any more').toEqual([[server.endKey, 0, '0']]);
  server.marks.length = 0;
  const late = server.questions.at(-1);
  all[1]?.place.close();
  await turn();
  expect(server.released).toBe(1);
  expect(server.marks).toEqual([
    ['a', 0, '0'],
    ['b', 0, '0'],
  ]);
  const next = new Waiter(server, 'c');
  await next.wait();
  expect([server.opened, server.asked]).toEqual([2, ['c']]);
  await late?.refuse(new Error('Connection is closed.'));
  expect(server.errors).toEqual([]);
  await server.answer('c');
  expect(next.woken).toBe(1);
});

test('waits a second after a refusal, says so, and asks again', async () => {
  const { server } = await waiters('a');
  await server.questions[0]?.refuse(new Error('UNBLOCKED'));
  await vi.advanceTimersByTimeAsync(999);
  expect(server.questions).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(server.questions).toHaveLength(2);
  expect(server.errors).toHaveLength(1);
});

test('wakes everybody when its connection is back', async () => {
  const { server, all } = await waiters('a', 'b');
  server.connect();
  await turn();
  expect(all.map(({ woken }) => woken)).toEqual([1, 1]);
});

test('gives a connection up whose answer is overdue', async () => {
  const { server } = await waiters('a');
  await vi.advanceTimersByTimeAsync(32_999);
  expect(server.reconnected).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(server.reconnected).toBe(1);
});

test('wakes one when its time has come, and leaves the question where it is', async () => {
  const server = new FakeServer();
  const one = new Waiter(server, 'a');
  await one.wait(Date.now() + 500);
  await vi.advanceTimersByTimeAsync(499);
  expect(one.woken).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(one.woken).toBe(1);
  await one.wait();
  expect(server.questions).toHaveLength(1);
  one.place.close();
  await one.wait();
  expect(one.woken, 'one that is closed does not wait').toBe(3);
});
