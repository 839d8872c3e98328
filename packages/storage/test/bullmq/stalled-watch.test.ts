import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OpenRedisClient } from '../../src/bullmq/redis-client.js';
import { StalledWatch } from '../../src/bullmq/stalled-watch.js';
import type { WatchedQueue } from '../../src/bullmq/stalled-watch.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A server that says what it is told to: how many busy keys there are, and what a look finds. */
class FakeServer {
  busy: number | Error | undefined = 0;
  leftMs = 0;
  found: readonly number[] = [];
  looks = 0;
  /** Queues of each step. */
  readonly steps: number[] = [];
  readonly errors: unknown[] = [];
  silences = 0;
  readonly watch = new StalledWatch({
    working: async () => this.#client,
    onSilence: () => (this.silences += 1),
    onError: (error) => void this.errors.push(error),
  });
  readonly #client: OpenRedisClient = {
    exists: (): Promise<number> => {
      this.looks += 1;
      if (this.busy instanceof Error) return Promise.reject(this.busy);
      return this.busy === undefined ? new Promise(() => {}) : Promise.resolve(this.busy);
    },
    defineCommand: (name: string): void => {
      const run = async (count: number): Promise<unknown> => {
        this.steps.push(count);
        return [this.leftMs, Array.from({ length: count }, () => this.found).flat()];
      };
      Object.assign(this.#client, { [name]: run });
    },
  } as unknown as OpenRedisClient;

  /** A queue, and what it was told. */
  add(lookEveryMs = 4_000): { readonly queue: WatchedQueue; readonly told: unknown[] } {
    const told: unknown[] = [];
    const queue = {
      prefix: 'p:q:',
      lookEveryMs,
      onWaiting: () => void told.push('waiting'),
      onRecovered: (count: number) => void told.push(count),
    };
    this.watch.add(queue);
    return { queue, told };
  }
}

test('looks at once, and then with the rhythm of the shortest lease', async () => {
  const server = new FakeServer();
  server.add(4_000);
  server.add(10_000);
  await vi.advanceTimersByTimeAsync(0);
  expect(server.looks).toBe(1);
  await vi.advanceTimersByTimeAsync(3_999);
  expect(server.looks).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(server.looks).toBe(2);
  expect(server.steps).toEqual([]);
});

test('looks again when the next lock ends', async () => {
  const server = new FakeServer();
  Object.assign(server, { busy: 1, leftMs: 1_200, found: [0, 0] });
  server.add(4_000);
  await vi.advanceTimersByTimeAsync(0);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(server.looks).toBe(1);
  server.leftMs = 9_000;
  await vi.advanceTimersByTimeAsync(1);
  expect(server.looks).toBe(2);
  await vi.advanceTimersByTimeAsync(3_999);
  expect(server.looks).toBe(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(server.looks).toBe(3);
});

test('tells each queue what was found of it', async () => {
  const server = new FakeServer();
  Object.assign(server, { busy: 1, leftMs: 4_000, found: [3, 1] });
  const [first, second] = [server.add(), server.add()];
  await vi.advanceTimersByTimeAsync(0);
  expect([first.told, second.told]).toEqual([
    [3, 'waiting'],
    [3, 'waiting'],
  ]);
  server.found = [0, 0];
  await vi.advanceTimersByTimeAsync(4_001);
  expect(server.looks).toBe(2);
  expect(first.told).toHaveLength(2);
});

test('looks at many queues in steps of a hundred', async () => {
  const server = new FakeServer();
  Object.assign(server, { busy: 1, leftMs: 4_000, found: [0, 0] });
  for (let count = 0; count < 250; count += 1) server.add();
  await vi.advanceTimersByTimeAsync(0);
  expect(server.steps).toEqual([100, 100, 50]);
});

test('looks at a queue at once that was added while a look was under way', async () => {
  const server = new FakeServer();
  Object.assign(server, { busy: 1, leftMs: 4_000, found: [0, 1] });
  server.add();
  vi.advanceTimersByTime(0);
  const late = server.add();
  expect(late.told).toEqual([]);
  await vi.advanceTimersByTimeAsync(0);
  expect(late.told).toEqual(['waiting']);
  expect(server.looks).toBe(2);
});

test('goes on after an error, and stops with the last queue', async () => {
  const server = new FakeServer();
  server.busy = new Error('refused');
  const { queue } = server.add();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(server.errors).toHaveLength(2);
  server.watch.remove(queue);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.looks).toBe(2);
  expect(vi.getTimerCount()).toBe(0);
});

test('says when the server has not answered for ten seconds', async () => {
  const server = new FakeServer();
  server.busy = undefined;
  server.add();
  await vi.advanceTimersByTimeAsync(9_999);
  expect(server.silences).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(server.silences).toBe(1);
});
