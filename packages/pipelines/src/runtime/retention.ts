import { LoomError, type Clock, type ExecutionStore, type Logger } from '@certoai/loom-core';

export interface RetentionOptions {
  /** Completed executions are removed after this; milliseconds, 0 or more. @default 604_800_000 (7 days) */
  readonly completedMs?: number | undefined;
  /** Those that ended in any other way; milliseconds, 0 or more. @default 2_592_000_000 (30 days) */
  readonly failedMs?: number | undefined;
  /** Beyond this the oldest finished ones are removed; bytes, above 0. @default 1_073_741_824 (1 GiB) */
  readonly maxBytes?: number | undefined;
}

/** Removes finished executions: a while after one finished, never on a schedule of its own. */
export class Retention {
  readonly #store: ExecutionStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #completedMs: number;
  readonly #failedMs: number;
  readonly #maxBytes: number;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(store: ExecutionStore, clock: Clock, logger: Logger, options: RetentionOptions = {}) {
    const { completedMs = 604_800_000, failedMs = 2_592_000_000, maxBytes = 1_073_741_824 } = options;
    for (const [option, value] of Object.entries({ completedMs, failedMs, maxBytes })) {
      if (Number.isFinite(value) && value >= 0) continue;
      throw new LoomError('LOOM_INVALID_OPTION', `retention.${option} is ${value}; give 0 or more.`, {
        option,
      });
    }
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#completedMs = completedMs;
    this.#failedMs = failedMs;
    this.#maxBytes = maxBytes;
  }

  /** Tells that an execution finished. */
  touch(): void {
    if (this.#closed) return;
    this.#cancel ??= this.#clock.setTimer(60_000, () => void this.#prune(), { background: true });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  async #prune(): Promise<void> {
    const limit = 500;
    try {
      const now = this.#clock.now();
      const removed = await Promise.all([
        this.#store.prune({ status: ['completed'], finishedBefore: now - this.#completedMs, limit }),
        this.#store.prune({
          status: ['failed', 'cancelled', 'timed-out'],
          finishedBefore: now - this.#failedMs,
          limit,
        }),
        this.#store.prune({ maxBytes: this.#maxBytes, limit }),
      ]);
      this.#cancel = undefined;
      if (removed.some((reply) => reply.removed.length === limit)) this.touch();
    } catch (error) {
      this.#cancel = undefined;
      if (!this.#closed) this.#logger.warn('Finished executions could not be removed', { error });
    }
  }
}
