import type { OutboxEntry, OutboxStore } from './outbox-store.js';

/**
 * Where executions live. The store knows nothing of pipelines: it keeps a versioned head per
 * execution, write-once task records with counters, and the time at which someone should look again.
 * Every method is one atomic step; a promise that resolved means the step survives what the adapter
 * promises to survive (`capabilities.durable`).
 *
 * All payloads (`state`, `input`, `body`) are JSON text that the store never looks into.
 * Messages for workers are not stored a second time: they follow from the head, which is written
 * in the same step that causes them (see docs/decisions/0002-derived-outbox.md).
 */
export interface ExecutionStore extends AsyncDisposable {
  readonly capabilities: ExecutionStoreCapabilities;

  /** Where the messages of {@link commit} are, for an `OutboxPattern` to relay; it closes with this store. */
  readonly outbox?: OutboxStore | undefined;

  /**
   * Stores a new execution at version 1, unless one with the same `id` or `idempotencyKey` exists.
   * @returns `created: false` and the id of the one that exists, which is left untouched
   * @throws LoomError `LOOM_STORE_FULL`, `LOOM_STORE_FAILED`, `LOOM_CLOSED` (as every method);
   *   `LOOM_INVALID_INPUT` for numbers and texts that no store could give back unchanged: an empty id, name,
   *   key or tag, a NUL character, a lone surrogate
   */
  create(execution: NewExecution): Promise<CreateReply>;

  /** The execution with its definition and counters, or `undefined` when unknown. */
  load(executionId: string): Promise<StoredExecution | undefined>;

  /**
   * Records what came of one task: O(1), the head is not touched. Accepted when the execution is not
   * finished and the task has no final record and `held` is the token now in force (1 until a pending
   * record raises it). `stale` also when another than its `holder` holds the execution.
   * The `counters` of an accepted reply are atomic: each accepted final record sees its own count, so
   * exactly one caller sees a given value.
   */
  record(entry: RecordEntry): Promise<RecordReply>;

  /**
   * Compare-and-set on the head: writes it, the given records, messages and `wakeAt` together or not at all.
   * Refused as `conflict` when `expectedVersion` is not the stored one, when the execution is finished
   * or unknown, when another than its `holder` holds it, or when one of `records` would be refused by
   * {@link record}, in their order.
   * What is finished is held by nobody and never wakes.
   * @throws LoomError `LOOM_UNSUPPORTED` when there are messages and no {@link outbox}
   */
  commit(transition: Transition): Promise<CommitReply>;

  /** Records of one node in index order, `from` included, at most `limit` of them. */
  records(query: RecordQuery): Promise<readonly StoredRecord[]>;

  /**
   * Renews the lease of `holder` on everything it holds, and gives it unfinished executions that nobody
   * holds and whose `wakeAt` is `null` or has come: earliest `wakeAt` first, `null` before all others. An
   * execution is held from its creation or a claim until it finishes, its holder leaves, or the lease of its
   * holder ends; a holder whose lease ended is forgotten at the next claim of somebody else that may take
   * something. While it is held, nobody else may claim it, nor write to it in a holder's name: a holder that
   * loads what it claimed has seen the last write of the one before. Leases run on the adapter's clock, because callers may
   * disagree about the time; a lease may end early with the process that has it, and never ends late.
   */
  claim(request: ClaimRequest): Promise<ClaimReply>;

  /** What `holder` holds is held by nobody, and its seat is free. Unknown: nothing. */
  leave(holder: string): Promise<void>;

  /** One that `holder` holds is held by nobody, and can be claimed from `wakeAt` on. One that it does not hold: nothing. */
  release(request: ReleaseRequest): Promise<void>;

  /** Heads that match, newest first (by `createdAt`, then latest stored), in pages. */
  list(query: ExecutionQuery): Promise<ExecutionPage>;

  /**
   * Removes finished executions beyond the policy, those that finished first before others, at most `limit` a call.
   * @returns their ids, in that order
   */
  prune(policy: RetentionPolicy): Promise<{ readonly removed: readonly string[] }>;

  /** Flushes and releases. Every later call rejects with `LOOM_CLOSED`. Idempotent. */
  close(): Promise<void>;
}

/** Where adapters differ. Branch on this, never on an adapter's name. */
export interface ExecutionStoreCapabilities {
  /** A resolved step survives the end of this process. */
  readonly durable: boolean;
  /** Several processes may work on it at once. */
  readonly shared: boolean;
}

/** `running` covers everything that is not finished; the four others are final. */
export type ExecutionStatus = 'running' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'timed-out';

export interface NewExecution {
  readonly id: string;
  readonly definition: StoredDefinition;
  readonly input: string;
  /** The engine's state, JSON text. */
  readonly state: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly name?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Higher first. @default 0 */
  readonly priority?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  /** While nobody holds it, it can be claimed from then on; milliseconds since the epoch. `null`: at once. */
  readonly wakeAt: number | null;
  /** Holds it from the start. @default nobody */
  readonly holder?: string | undefined;
}

/** Pinned by content: the same text always has the same hash, and is stored once. */
export interface StoredDefinition {
  readonly hash: string;
  readonly text: string;
}

export interface CreateReply {
  readonly created: boolean;
  readonly id: string;
}

export interface ExecutionHead {
  readonly id: string;
  readonly version: number;
  readonly status: ExecutionStatus;
  readonly name?: string | undefined;
  readonly definitionHash: string;
  readonly idempotencyKey?: string | undefined;
  readonly priority: number;
  readonly tags: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Set when `status` is final. */
  readonly finishedAt?: number | undefined;
  readonly wakeAt: number | null;
}

export interface StoredExecution extends ExecutionHead {
  readonly definition: StoredDefinition;
  readonly input: string;
  readonly state: string;
  /** By node; a node without final records is absent. */
  readonly counters: Readonly<Record<string, NodeCounters>>;
  /** Of the holder, while somebody holds it. */
  readonly seat?: number | undefined;
}

/** Final records of a node. `done` counts both kinds. */
export interface NodeCounters {
  readonly done: number;
  readonly failed: number;
}

/**
 * What is known of one task. `completed` and `failed` are final; `pending` holds what the next
 * hand-out needs. Index -1 holds a node's own value (an output mapping, say): written once like any
 * other record, and never counted.
 */
export interface RecordEntry {
  readonly executionId: string;
  readonly node: string;
  /** From 0; -1 for the node's own value. */
  readonly index: number;
  /** The fencing token the caller holds. */
  readonly held: number;
  readonly kind: 'completed' | 'failed' | 'pending';
  /** Try number this record is about, from 1. */
  readonly attempt: number;
  /** Output, or error record, as JSON text; for `pending` the error that caused it. */
  readonly body: string;
  /** `pending` only: the token in force from now on; greater than `held`. */
  readonly next?: number | undefined;
  /** `pending` only: not handed out before; milliseconds since the epoch. */
  readonly dueAt?: number | undefined;
  /** `pending` only: hand-outs that ended without any report (a killed process). @default 0 */
  readonly crashes?: number | undefined;
  readonly at: number;
  /** Who writes; in a transition its own counts. @default somebody who asks nobody */
  readonly holder?: string | undefined;
}

export interface StoredRecord {
  readonly index: number;
  readonly kind: 'completed' | 'failed' | 'pending';
  /** The token in force. */
  readonly token: number;
  readonly attempt: number;
  readonly body: string;
  readonly dueAt?: number | undefined;
  readonly crashes: number;
  readonly at: number;
}

export type RecordReply =
  | { readonly accepted: true; readonly counters: NodeCounters }
  /** `finished`: too late, whatever else. `duplicate`: a final record exists. `stale`: another token is in force. */
  | { readonly accepted: false; readonly reason: 'duplicate' | 'stale' | 'finished' | 'unknown' };

export interface Transition {
  readonly executionId: string;
  readonly expectedVersion: number;
  readonly status: ExecutionStatus;
  readonly state: string;
  readonly records: readonly RecordEntry[];
  /** Go to {@link ExecutionStore.outbox}. @default none */
  readonly messages?: readonly OutboxEntry[] | undefined;
  /** `undefined`: as it was. */
  readonly wakeAt?: number | null | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who writes. @default somebody who asks nobody */
  readonly holder?: string | undefined;
}

export type CommitReply =
  | { readonly committed: true; readonly version: number }
  | { readonly committed: false; readonly reason: 'conflict' };

export interface RecordQuery {
  readonly executionId: string;
  readonly node: string;
  /** @default 0 */
  readonly from?: number | undefined;
  /** 1 or more. @default 1000 */
  readonly limit?: number | undefined;
}

export interface ClaimRequest {
  /** Who asks: unique to one start of one orchestrator. A text that is not empty. */
  readonly holder: string;
  /** Compared with `wakeAt`; milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds, above 0. */
  readonly leaseMs: number;
  /** 0 or more; 0 renews only. */
  readonly limit: number;
}

export interface ClaimReply {
  readonly ids: readonly string[];
  /**
   * When a claim may find more, if nothing is stored meanwhile: the earliest `wakeAt` of those nobody holds
   * (`now` for one that could be claimed already), or the earliest end of the lease of another holder that
   * holds something, on the caller's clock as far as the adapter can tell. `null`: never.
   */
  readonly nextWakeAt: number | null;
  /** The holder was known. `false` also at the first claim: whatever it held before may be somebody else's now. */
  readonly renewed: boolean;
  /**
   * The holder's number among all that share the store, from 0: the smallest that no other living holder has.
   * Stays the same while the lease is renewed. What is sent to a holder can so be sent to a place that outlives it.
   */
  readonly seat: number;
  /** Numbers below the highest ever given that no living holder has. */
  readonly freeSeats: readonly number[];
}

export interface ReleaseRequest {
  readonly executionId: string;
  readonly holder: string;
  /** Milliseconds since the epoch. `null`: at once. */
  readonly wakeAt: number | null;
}

/** Absent fields do not restrict. */
export interface ExecutionQuery {
  readonly status?: readonly ExecutionStatus[] | undefined;
  readonly name?: string | undefined;
  /** All of these. */
  readonly tags?: readonly string[] | undefined;
  /** Exclusive, as `createdBefore`; milliseconds since the epoch. */
  readonly createdAfter?: number | undefined;
  readonly createdBefore?: number | undefined;
  /** 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
  /** From the previous page. */
  readonly cursor?: string | undefined;
}

export interface ExecutionPage {
  readonly items: readonly ExecutionHead[];
  /** Absent on the last page. */
  readonly cursor?: string | undefined;
}

/** Removed is what finished too long ago, and what makes the payloads too large: either is enough. */
export interface RetentionPolicy {
  /** Only executions that ended like this. @default however they ended */
  readonly status?: readonly ExecutionStatus[] | undefined;
  /** Finished before this are removed; milliseconds since the epoch. */
  readonly finishedBefore?: number | undefined;
  /** Finished ones are removed, oldest first, until their payloads fit: inputs, states and records, as UTF-8. */
  readonly maxBytes?: number | undefined;
  readonly limit: number;
}
