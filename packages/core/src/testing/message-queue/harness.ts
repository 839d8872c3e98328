import type { MessageQueue } from '../../ports/message-queue.js';

export interface MessageQueueHarness {
  /** A fresh, empty queue. */
  create(): Promise<MessageQueue>;
  /**
   * Ends the process of `queue` as `kill -9` would, or the nearest thing to it, and opens its store again.
   * Absent where nothing survives.
   */
  crash?(queue: MessageQueue): Promise<MessageQueue>;
  /** Lets `ms` milliseconds pass for the adapter, and its timers and callbacks run: moves a clock, or really waits. */
  elapse(ms: number): Promise<void>;
  /** `elapse` moves a clock, so that hours cost nothing. @default false */
  readonly movesClock?: boolean | undefined;
}
