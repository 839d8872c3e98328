import type {
  DeadLetterGroup,
  DeadLetterListOptions,
  DeadLetterPage,
  DeadLetterSelection,
  MessageQueueCapabilities,
} from '@certoai/loom-core';
import type { StoredGroup } from '../group-limits.js';
import type { CheckedMessage } from '../message-queue-options.js';
import type { StoredMessage } from './stored-message.js';

/** What was stored of a `send`. */
export interface Kept {
  /** One per message that was sent; the same id again for a known `dedupeId`. */
  readonly ids: readonly string[];
  /** Those that are new. */
  readonly stored: readonly StoredMessage[];
}

/** What is kept at first sight. */
export interface Loaded {
  /** All messages that wait, oldest first. */
  readonly messages: Iterable<StoredMessage>;
  readonly paused: readonly string[];
  /** Deliveries of one group in the order in which they began. */
  readonly groups: readonly LoadedGroup[];
  /** Temporary queues of processes that died, unless only messages that wait are left of them. */
  readonly temporary: readonly string[];
}

/** The limits in force of a group; or, behind them, one delivery that its rate still remembers. */
export interface LoadedGroup extends StoredGroup {
  readonly queue: string;
  readonly begunAt: number | undefined;
}

/** What becomes of a message that was taken, with the message already brought up to date. */
export type Ending =
  | { readonly kind: 'gone' }
  /** It waits again: `dueAt` and `attempts` have changed. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'dead'; readonly reason: string; readonly diedAt: number };

/**
 * Where the messages of one process are kept; {@link LocalQueue} decides who gets which when. A method
 * that returns no promise has done its work. What is kept stays the same when one rejects.
 */
export interface MessageKeeper {
  readonly capabilities: MessageQueueCapabilities;
  /** Asked for once. */
  load(): Loaded;
  /** Notes the limits of the groups too, those of known messages included. */
  append(queue: string, messages: readonly CheckedMessage[], now: number): Kept | Promise<Kept>;
  /**
   * Notes one more delivery, as `attempts` says, and for as long as its group's rate remembers it, that it began now.
   * @returns the body, once the note would survive a crash
   */
  begin(message: StoredMessage, now: number, rateMs: number): string | Promise<string>;
  end(message: StoredMessage, ending: Ending): void | Promise<void>;
  setPaused(queue: string, paused: boolean): void | Promise<void>;

  deadCount(queue: string): number;
  listDead(
    queue: string,
    options: DeadLetterListOptions & { readonly limit: number },
  ): DeadLetterPage | Promise<DeadLetterPage>;
  groupDead(queue: string): readonly DeadLetterGroup[] | Promise<readonly DeadLetterGroup[]>;
  /** Makes the selected wait again, the n-th from 0 due `n * intervalMs` after `now`. @returns these, oldest first */
  revive(
    queue: string,
    selection: DeadLetterSelection,
    schedule: { readonly now: number; readonly intervalMs: number },
  ): readonly StoredMessage[] | Promise<readonly StoredMessage[]>;
  /** @returns how many */
  discardDead(queue: string, selection: DeadLetterSelection): number | Promise<number>;

  /** Forgets all of a queue but the messages that wait. */
  forget(queue: string): void | Promise<void>;

  close(): void | Promise<void>;
}
