import {
  LoomError,
  type Clock,
  type ExecutionStore,
  type Logger,
  type MessageQueue,
} from '@certoai/loom-core';
import type { OutboxPattern } from '@certoai/loom-storage';

export interface OutgoingOptions {
  readonly store: ExecutionStore;
  /** Gives the queue that the messages go to; absent: there is none. */
  readonly queue: (() => MessageQueue) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Between two looks whether a process died with messages that it had not sent; milliseconds. */
const lookMs = 30_000;
/** What the relay takes is with another one after `leaseMs`, when its process dies before it has sent it. */
const relay = { idleMs: 20_000, leaseMs: 5_000 };

/**
 * Messages that executions leave with their last step, and the relay that brings them to their queues. It is
 * started when there is something to send, here or of a process that died.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  #opening: Promise<OutboxPattern> | undefined;
  #cancelLook: (() => void) | undefined;
  #closed = false;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** @throws LoomError `LOOM_UNSUPPORTED` when messages would have no place to wait in, or none to go to */
  checkUsable(): void {
    const { store, queue } = this.#options;
    if (store.outbox === undefined) {
      const message = 'The store of this orchestrator has no outbox, so it cannot tell when executions end.';
      throw new LoomError('LOOM_UNSUPPORTED', `${message} Use one in memory, in a folder or in Redis.`);
    }
    if (queue !== undefined) return;
    const message = 'This orchestrator has no queue, so it cannot tell when executions end.';
    throw new LoomError('LOOM_UNSUPPORTED', `${message} Give it one, or the option messages.`);
  }

  /** Looks for what earlier processes left, and now and then for what others leave. */
  begin(): void {
    if (this.#options.queue !== undefined) void this.#look();
  }

  /** A step has left a message. */
  wake(): void {
    // Without a queue here, another orchestrator sends it.
    if (this.#closed || this.#options.queue === undefined) return;
    this.open().then(
      (outbox) => outbox.wake(),
      (error: unknown) => this.#options.logger.error('Messages are not sent', { error }),
    );
  }

  /** The relay, running. @throws LoomError `LOOM_UNSUPPORTED`, `LOOM_CLOSED` */
  open(): Promise<OutboxPattern> {
    if (this.#closed) {
      const message = 'The orchestrator is closed. Make a new one to go on.';
      return Promise.reject(new LoomError('LOOM_CLOSED', message));
    }
    return (this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    }));
  }

  /** What waits stays in the store. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook?.();
    const outbox = await this.#opening?.catch(() => undefined);
    await outbox?.close();
  }

  async #open(): Promise<OutboxPattern> {
    this.checkUsable();
    this.#cancelLook?.();
    const { store, queue, clock, logger } = this.#options;
    const { OutboxPattern } = await import('@certoai/loom-storage');
    const outbox = new OutboxPattern(
      store.outbox as NonNullable<ExecutionStore['outbox']>,
      (queue as () => MessageQueue)(),
      { clock, logger, relay },
    );
    await outbox.start();
    return outbox;
  }

  async #look(): Promise<void> {
    const { store, clock, logger } = this.#options;
    let isOver = !store.capabilities.shared;
    try {
      const { outbox } = store;
      if (outbox === undefined) return;
      const { waiting } = await outbox.stats();
      if (waiting > 0) this.wake();
    } catch (error) {
      isOver = false;
      if (!this.#closed) logger.warn('Messages to be sent could not be looked for; trying again', { error });
    }
    if (isOver || this.#closed || this.#opening !== undefined) return;
    this.#cancelLook = clock.setTimer(lookMs, () => void this.#look(), { background: true });
  }
}
