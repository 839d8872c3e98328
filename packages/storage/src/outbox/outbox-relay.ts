import { randomUUID } from 'node:crypto';
import type { LogFields, MessageQueue, OutboxStore } from '@certoai/loom-core';
import { OutboxBatch } from './outbox-batch.js';
import type { ResolvedOutboxOptions } from './outbox-options.js';

/** Moves messages from the outbox to their queues, a batch at a time, until it is closed. */
export class OutboxRelay {
  readonly #store: OutboxStore;
  readonly #queue: MessageQueue;
  readonly #options: ResolvedOutboxOptions;
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** There may be more since the last look. */
  #isWoken = false;
  #endSleep: () => void = () => {};

  constructor(store: OutboxStore, queue: MessageQueue, options: ResolvedOutboxOptions) {
    this.#store = store;
    this.#queue = queue;
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  wake(): void {
    this.#isWoken = true;
    this.#endSleep();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endSleep();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#isWoken = false;
      let restMs = this.#options.relay.idleMs;
      try {
        restMs = Math.min(restMs, await this.#round());
      } catch (error) {
        this.#tell('warn', 'Outbox could not be read or updated; trying again', { delayMs: restMs, error });
        // A commit that wakes does not mend it.
        await this.#sleep(restMs, false);
        continue;
      }
      if (restMs > 0) await this.#sleep(restMs, true);
    }
  }

  /** @returns how long there is nothing to do, in milliseconds */
  async #round(): Promise<number> {
    const { relay, clock } = this.#options;
    const token = randomUUID();
    const until = clock.now() + relay.leaseMs;
    const { lanes, nextMs } = await this.#store.claim({
      token,
      leaseMs: relay.leaseMs,
      limit: relay.batchSize,
    });
    if (lanes.length === 0) return nextMs === null ? Infinity : Math.max(1, nextMs);
    const batch = new OutboxBatch(lanes, this.#queue, relay, () => clock.now() < until);
    await this.#store.settle(token, await batch.send());
    for (const { error, id, queue, kind } of batch.failures) {
      const fields = { id, queue, error };
      if (kind === 'park') this.#tell('error', 'Outbox message parked', fields);
      else this.#tell('warn', 'Outbox message not sent; trying again', fields);
    }
    return 0;
  }

  #sleep(ms: number, isWakeable: boolean): Promise<void> {
    if (this.#isClosed || (isWakeable && this.#isWoken)) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#endSleep = () => {};
        resolve();
      };
      // What waits is in the store, so a process need not live on for it.
      const cancel = this.#options.clock.setTimer(ms, end, { background: true });
      this.#endSleep = () => {
        if (isWakeable || this.#isClosed) end();
      };
    });
  }

  #tell(level: 'warn' | 'error', message: string, fields: LogFields): void {
    try {
      this.#options.logger[level](message, fields);
    } catch {
      // A logger that fails must not stop the messages.
    }
  }
}
