import type { Supervision } from './supervision.js';

export interface MailboxOptions {
  /** Messages that may wait, stashed ones not counted; 1 or more, or Infinity. @default 100_000 */
  readonly capacity?: number | undefined;
  /**
   * What goes when it is full: `reject` and `drop-newest` the message that arrives, `drop-oldest` the one
   * that waited longest. An ask that goes rejects with `LOOM_MAILBOX_FULL`, a tell becomes a dead letter.
   * @default 'reject'
   */
  readonly overflow?: 'reject' | 'drop-newest' | 'drop-oldest' | undefined;
  /** Messages `context.stash()` may hold; 1 or more, or Infinity. @default 10_000 */
  readonly stashCapacity?: number | undefined;
}

export interface ActorOptions {
  /** @default restart, without limit */
  readonly supervision?: Supervision | undefined;
  readonly mailbox?: MailboxOptions | undefined;
}

export interface SpawnOptions extends ActorOptions {
  /** Unique among the children of one parent. @default a number */
  readonly name?: string | undefined;
}
