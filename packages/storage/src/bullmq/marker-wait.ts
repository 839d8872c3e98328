import { systemClock } from '@certoai/loom-core';
import type { OpenRedisClient } from './redis-client.js';

/** How long a blocking command waits on the server, and how much longer for its answer before its connection is given up. */
const blockSeconds = 30;
const graceMs = 3_000;

export interface MarkerWaitOptions {
  readonly client: OpenRedisClient;
  /** BullMQ puts a member into this set when there is work. */
  readonly key: string;
  /** Puts a member back that was taken for nobody. */
  readonly giveBack: (member: string, score: number) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Waits for work with one blocking command at a time. The command stays where it is while its consumer
 * looks for work of its own accord; and a marker that comes when the consumer does not wait is given back,
 * so that another one hears of it.
 */
export class MarkerWait {
  readonly #options: MarkerWaitOptions;
  #asking = false;
  #closed = false;
  #resolve: (() => void) | undefined;

  constructor(options: MarkerWaitOptions) {
    this.#options = options;
    // A marker may have gone down with the connection before.
    options.client.on('ready', () => this.wake());
  }

  /** Resolves when there may be work: a marker came, `untilMs` has come, half a minute went by, or {@link wake}. */
  async wait(untilMs: number | undefined): Promise<void> {
    if (this.#closed) return;
    if (!this.#asking) void this.#ask();
    const leftMs = untilMs === undefined ? Infinity : Math.max(untilMs - systemClock.now(), 0);
    const waitMs = Math.min(leftMs, blockSeconds * 1_000 + graceMs);
    await new Promise<void>((resolve) => {
      const cancelTimer = systemClock.setTimer(waitMs, () => this.wake());
      this.#resolve = () => {
        this.#resolve = undefined;
        cancelTimer();
        resolve();
      };
    });
  }

  wake(): void {
    this.#resolve?.();
  }

  /** For a server that should have answered: a connection that looks alive is not, and ioredis asks again on the next. */
  reconnect(): void {
    const { client } = this.#options;
    if (client.status === 'ready') client.disconnect(true);
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }

  async #ask(): Promise<void> {
    const { client, key, giveBack, onError } = this.#options;
    this.#asking = true;
    const cancelTimer = systemClock.setTimer(blockSeconds * 1_000 + graceMs, () => this.reconnect());
    try {
      const reply = await client.bzpopmin(key, blockSeconds);
      if (reply && (this.#closed || !this.#resolve)) giveBack(reply[1], Number(reply[2]));
    } catch (error) {
      if (!this.#closed) onError(error);
    } finally {
      cancelTimer();
      this.#asking = false;
      this.wake();
    }
  }
}
