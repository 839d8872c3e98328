import {
  errorRecord,
  isLoomError,
  type CommitReply,
  type ErrorRecord,
  type RecordEntry,
  type RecordReply,
  type Transition,
} from '@certoai/loom-core';
import type { ExecutionHost } from './execution-host.js';

/** The store as one execution needs it: a step is tried until it is done, or nobody wants it any more. */
export class InsistentStore {
  readonly #host: ExecutionHost;
  readonly #executionId: string;
  #failure: ErrorRecord | undefined;
  #abandoned = false;
  #underWay = 0;
  #whenIdle: (() => void) | undefined;

  constructor(host: ExecutionHost, executionId: string) {
    this.#host = host;
    this.#executionId = executionId;
  }

  /** Why the store does not take the step that is being tried. */
  get failure(): ErrorRecord | undefined {
    return this.#failure;
  }

  /** Steps under way are not tried again. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Resolves when nothing is under way: whatever was asked of the store until now has happened, or will not. */
  idle(): Promise<void> {
    return this.#underWay === 0 ? Promise.resolve() : new Promise((resolve) => (this.#whenIdle = resolve));
  }

  /** `undefined`: given up, see {@link abandon}. */
  async commit(transition: Transition): Promise<CommitReply | undefined> {
    this.#underWay += 1;
    try {
      return await this.#host.store.commit(transition);
    } catch (error) {
      return await this.#tryAgain(error, () => this.#host.store.commit(transition));
    } finally {
      this.#ended();
    }
  }

  /** `undefined`: given up, see {@link abandon}. */
  async record(entry: RecordEntry): Promise<RecordReply | undefined> {
    this.#underWay += 1;
    try {
      return await this.#host.store.record(entry);
    } catch (error) {
      return await this.#tryAgain(error, () => this.#host.store.record(entry));
    } finally {
      this.#ended();
    }
  }

  #ended(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#whenIdle?.();
  }

  async #tryAgain<Reply>(failure: unknown, operation: () => Promise<Reply>): Promise<Reply | undefined> {
    const { clock, logger } = this.#host;
    let error = failure;
    let delayMs = 100;
    while (!this.#abandoned && !isLoomError(error, 'LOOM_CLOSED')) {
      if (this.#failure === undefined) {
        logger.error('Store refuses a step; trying again', { executionId: this.#executionId, error });
      }
      this.#failure = errorRecord(error);
      await new Promise<void>((resolve) => clock.setTimer(delayMs, resolve));
      delayMs = Math.min(delayMs * 2, 5_000);
      try {
        const reply = await operation();
        this.#failure = undefined;
        return reply;
      } catch (next) {
        error = next;
      }
    }
    return undefined;
  }
}
