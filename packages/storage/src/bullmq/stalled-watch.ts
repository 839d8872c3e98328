import { systemClock } from '@certoai/loom-core';
import { delayedScoreFactor, runScript } from './queue-scripts.js';
import type { OpenRedisClient } from './redis-client.js';
import { busyTypes, watchScript } from './watch-script.js';

/** How long the server may take to answer before its connection is taken for dead. */
const patienceMs = 10_000;
/** Queues of one step; more take turns. */
const chunk = 100;

export interface WatchedQueue {
  /** First part of its keys. */
  readonly prefix: string;
  /** Between two looks, when no lock ends before. */
  readonly lookEveryMs: number;
  /** There is a message, of which a process may have been told that died since. */
  readonly onWaiting: () => void;
  /** What dead processes had is ready again. */
  readonly onRecovered: (count: number) => void;
}

export interface StalledWatchOptions {
  readonly working: () => Promise<OpenRedisClient>;
  /** The server did not answer in time: it may have vanished without closing its connections. */
  readonly onSilence: () => void;
  readonly onError: (error: unknown) => void;
}

type WatchReply = readonly [leftMs: number, found: readonly number[]];

/**
 * Finds the work of processes that died, on all queues at once. While nothing is active a look is one command;
 * while something is, looks are made when locks end. BullMQ has a timer of one speed for each queue instead,
 * which is either late or busy.
 */
export class StalledWatch {
  readonly #options: StalledWatchOptions;
  readonly #queues = new Set<WatchedQueue>();
  #cancelTimer: (() => void) | undefined;
  #looking = false;
  /** A queue was added that no look has seen. */
  #hasNew = false;

  constructor(options: StalledWatchOptions) {
    this.#options = options;
  }

  add(queue: WatchedQueue): void {
    this.#queues.add(queue);
    this.#hasNew = true;
    if (!this.#looking) this.#lookIn(0);
  }

  remove(queue: WatchedQueue): void {
    this.#queues.delete(queue);
    if (this.#queues.size === 0) this.#cancelTimer?.();
  }

  #lookIn(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = systemClock.setTimer(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { working, onSilence, onError } = this.#options;
    const queues = [...this.#queues];
    let pauseMs = Math.min(...queues.map(({ lookEveryMs }) => lookEveryMs));
    this.#looking = true;
    this.#hasNew = false;
    const cancelSilence = systemClock.setTimer(patienceMs, onSilence);
    try {
      const client = await working();
      for (let start = 0; start < queues.length; start += chunk) {
        const leftMs = await lookAt(client, queues.slice(start, start + chunk));
        // The lock that ends then is gone one later.
        pauseMs = Math.min(pauseMs, leftMs + 1);
      }
    } catch (error) {
      onError(error);
    } finally {
      cancelSilence();
      this.#looking = false;
    }
    if (this.#queues.size > 0) this.#lookIn(this.#hasNew ? 0 : pauseMs);
  }
}

/** @returns in how many milliseconds to look again at the latest */
async function lookAt(client: OpenRedisClient, queues: readonly WatchedQueue[]): Promise<number> {
  const busyKeys = queues.flatMap(({ prefix }) => busyTypes.map((type) => prefix + type));
  if ((await client.exists(...busyKeys)) === 0) return Infinity;
  const now = systemClock.now();
  const [leftMs, found] = (await runScript(client, watchScript, [
    queues.length,
    ...queues.map(({ prefix }) => `${prefix}active`),
    now,
    (now + 1) * delayedScoreFactor - 1,
    ...queues.map(({ lookEveryMs }) => lookEveryMs),
  ])) as WatchReply;
  for (const [index, { onRecovered, onWaiting }] of queues.entries()) {
    const [count = 0, isReady] = found.slice(index * 2);
    if (count > 0) onRecovered(count);
    if (isReady === 1) onWaiting();
  }
  return leftMs;
}
