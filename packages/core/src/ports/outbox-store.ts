import type { OutgoingMessage } from './message-queue.js';

/**
 * States and the messages they cause, stored in one atomic step, and what relays need to move the messages on.
 * Messages of one key are a *lane*: they are claimed in the order of their commits, by one relay at a time. A
 * message without a key is a lane of its own. Texts are stored as they are and come back unchanged.
 */
export interface OutboxStore extends AsyncDisposable {
  readonly capabilities: OutboxStoreCapabilities;

  /**
   * Stores all of it, or nothing when a version is not the expected one.
   * @throws LoomError `LOOM_STORE_FAILED`, `LOOM_STORE_FULL`, `LOOM_CLOSED`, as every method
   */
  commit(step: OutboxStep): Promise<OutboxStepReply>;

  read(key: string): Promise<OutboxState | undefined>;

  /**
   * Leases lanes to the caller, those whose first message is oldest first. Never waits. A lane that was not
   * settled when its lease ends is given to whoever claims next.
   */
  claim(request: OutboxClaimRequest): Promise<OutboxClaim>;

  /** Says what became of claimed messages and ends the leases. Lanes that another claim has by now are passed over. */
  settle(token: string, outcomes: readonly OutboxOutcome[]): Promise<void>;

  /** Parked messages in the order of their commits, after the one with the id `after`. */
  parked(query: {
    readonly limit: number;
    readonly after?: string | undefined;
  }): Promise<readonly OutboxParked[]>;

  /**
   * Lets parked messages be claimed again, at their old place and with no attempts, or removes them for good; and
   * with them what they block. Ids that are not parked are passed over.
   * @param ids - absent: all
   * @returns how many it were
   */
  unpark(action: 'retry' | 'discard', ids?: readonly string[]): Promise<number>;

  stats(): Promise<OutboxStats>;

  /** Idempotent. */
  close(): Promise<void>;
}

export interface OutboxStoreCapabilities {
  /** A resolved `commit` survives the end of this process. */
  readonly durable: boolean;
  /** Several processes may use it at once. */
  readonly shared: boolean;
}

export interface OutboxStep {
  /** No key twice. */
  readonly writes: readonly {
    readonly key: string;
    readonly value: string;
    /** 0: there must be none yet; absent: any. */
    readonly ifVersion?: number | undefined;
  }[];
  readonly messages: readonly OutboxEntry[];
}

export interface OutboxEntry {
  readonly key?: string | undefined;
  /** Where an `OutboxPattern` relays it: an {@link OutboxContent} as JSON. */
  readonly content: string;
}

/** A message that is to go to a queue. */
export interface OutboxContent extends OutgoingMessage {
  readonly queue: string;
  readonly dedupeId: string;
}

export type OutboxStepReply =
  /** One version for each write, in order: 1 for the first value of a key, then always one more. */
  | { readonly committed: true; readonly versions: readonly number[] }
  /** The first write that was refused; `version` is 0 where there is no value. */
  | { readonly committed: false; readonly key: string; readonly version: number };

export interface OutboxState {
  readonly value: string;
  readonly version: number;
}

export interface OutboxClaimRequest {
  /** Names this claim, and no other ever. */
  readonly token: string;
  readonly leaseMs: number;
  /** Messages of all lanes together; 1 or more. */
  readonly limit: number;
}

export interface OutboxClaim {
  /** Each has at least one message. */
  readonly lanes: readonly OutboxLane[];
  /** When a lane may be claimed next without a commit before, in milliseconds from now; `null`: never. */
  readonly nextMs: number | null;
}

export interface OutboxLane {
  /** Names the lane in {@link OutboxStore.settle}. */
  readonly lane: string;
  readonly messages: readonly OutboxClaimed[];
}

export interface OutboxClaimed {
  /** Digits; a later commit has a higher number. */
  readonly id: string;
  readonly content: string;
  /** As a settlement left them; 0 at first. */
  readonly attempts: number;
  /** Since its commit, by the clock of the store. */
  readonly ageMs: number;
}

export interface OutboxOutcome {
  readonly lane: string;
  /** Ids, which are removed. */
  readonly sent: readonly string[];
  /** What became of the message after those; the rest of the lane stays as it is. */
  readonly failed?: OutboxFailure | undefined;
}

export type OutboxFailure =
  /** The lane can be claimed again after `delayMs`. */
  | { readonly kind: 'retry'; readonly id: string; readonly attempts: number; readonly delayMs: number }
  /** `blocks`: nothing after it in its lane can be claimed until it is retried or discarded. */
  | {
      readonly kind: 'park';
      readonly id: string;
      readonly attempts: number;
      readonly reason: string;
      readonly blocks: boolean;
    };

export interface OutboxParked {
  readonly id: string;
  readonly key?: string | undefined;
  readonly content: string;
  readonly attempts: number;
  readonly reason: string;
  readonly blocks: boolean;
  /** Milliseconds since the epoch, by the clock of the store; as `parkedAt`. */
  readonly committedAt: number;
  readonly parkedAt: number;
}

export interface OutboxStats {
  /** Neither sent nor parked; those that wait behind a parked one included. */
  readonly waiting: number;
  readonly parked: number;
  /** Since the commit of the waiting message that is oldest, in milliseconds; `null` when none waits. */
  readonly oldestAgeMs: number | null;
}
