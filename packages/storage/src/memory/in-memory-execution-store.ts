import { LoomError, systemClock } from '@certoai/loom-core';
import type {
  ClaimReply,
  ClaimRequest,
  Clock,
  CommitReply,
  CreateReply,
  ExecutionHead,
  ExecutionPage,
  ExecutionQuery,
  ExecutionStore,
  NewExecution,
  OutboxStore,
  RecordEntry,
  RecordQuery,
  RecordReply,
  ReleaseRequest,
  RetentionPolicy,
  StoredExecution,
  StoredRecord,
  Transition,
} from '@certoai/loom-core';
import { ClaimDesk } from '../internal/claim-desk.js';
import { encodeCursor, parseCursor } from '../internal/execution-cursor.js';
import {
  checkClaim,
  checkHolder,
  checkNewExecution,
  checkOption,
  checkPolicy,
  checkRecord,
  checkRelease,
  checkTransition,
  resolveExecutionQuery,
  resolveRecordQuery,
} from '../internal/execution-input.js';
import { inMemoryOutboxKeeper } from '../outbox/in-memory-outbox-store.js';
import { LocalOutboxStore } from '../outbox/local-outbox-store.js';
import { FinishedOrder } from './finished-order.js';
import { KeptExecution } from './kept-execution.js';
import { PinnedDefinitions } from './pinned-definitions.js';

export interface InMemoryExecutionStoreOptions {
  /** Finished executions kept; beyond it the one that finished first is dropped. Count, 0 or more. @default 10_000 */
  readonly maxFinished?: number | undefined;
  /** Leases run on it. @default the system's */
  readonly clock?: Clock | undefined;
}

const conflict: CommitReply = { committed: false, reason: 'conflict' };

/** Executions in this process's memory: gone when it ends. For tests, and for work that may be lost. */
export class InMemoryExecutionStore implements ExecutionStore {
  readonly capabilities = { durable: false, shared: false };
  readonly #maxFinished: number;
  readonly #executions = new Map<string, KeptExecution>();
  readonly #idsByKey = new Map<string, string>();
  readonly #desk: ClaimDesk;
  readonly #finished = new FinishedOrder();
  readonly #definitions = new PinnedDefinitions();
  readonly #outboxKeeper;
  readonly #outbox: LocalOutboxStore;
  #sequence = 0;
  #closed = false;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor({ maxFinished = 10_000, clock = systemClock }: InMemoryExecutionStoreOptions = {}) {
    checkOption('maxFinished', maxFinished, 0);
    this.#maxFinished = maxFinished;
    this.#desk = new ClaimDesk(clock);
    this.#outboxKeeper = inMemoryOutboxKeeper(clock);
    this.#outbox = new LocalOutboxStore(this.#outboxKeeper);
  }

  get outbox(): OutboxStore {
    return this.#outbox;
  }

  async create(execution: NewExecution): Promise<CreateReply> {
    this.#checkOpen();
    checkNewExecution(execution);
    const { id, idempotencyKey: key } = execution;
    const existing = this.#executions.has(id) ? id : key === undefined ? undefined : this.#idsByKey.get(key);
    if (existing !== undefined) return { created: false, id: existing };
    const definition = this.#definitions.use(execution.definition);
    const kept = new KeptExecution((this.#sequence += 1), execution, definition);
    this.#executions.set(id, kept);
    if (key !== undefined) this.#idsByKey.set(key, id);
    this.#desk.add(kept, execution.holder);
    return { created: true, id };
  }

  async load(executionId: string): Promise<StoredExecution | undefined> {
    this.#checkOpen();
    const kept = this.#executions.get(executionId);
    return kept && { ...kept.stored(), seat: this.#desk.seatOf(kept) };
  }

  async record(entry: RecordEntry): Promise<RecordReply> {
    this.#checkOpen();
    checkRecord(entry);
    const kept = this.#executions.get(entry.executionId);
    if (kept === undefined) return { accepted: false, reason: 'unknown' };
    if (kept.isFinished) return { accepted: false, reason: 'finished' };
    if (this.#desk.refuses(kept, entry.holder)) return { accepted: false, reason: 'stale' };
    const node = kept.node(entry.node);
    const reason = node.refusal(entry);
    if (reason !== undefined) return { accepted: false, reason };
    node.put(entry);
    return { accepted: true, counters: node.counters() };
  }

  async commit(transition: Transition): Promise<CommitReply> {
    this.#checkOpen();
    checkTransition(transition);
    const kept = this.#executions.get(transition.executionId);
    if (kept === undefined || kept.isFinished || kept.version !== transition.expectedVersion) return conflict;
    if (this.#desk.refuses(kept, transition.holder) || !kept.putAll(transition.records)) return conflict;
    kept.move(transition);
    if (transition.messages?.length) this.#outbox.add(transition.messages, this.#outboxKeeper.rows);
    if (kept.isFinished) this.#finish(kept);
    else this.#desk.moved(kept);
    return { committed: true, version: kept.version };
  }

  async records(query: RecordQuery): Promise<readonly StoredRecord[]> {
    this.#checkOpen();
    const { executionId, node, from, limit } = resolveRecordQuery(query);
    return this.#executions.get(executionId)?.nodes.get(node)?.page(from, limit) ?? [];
  }

  async claim(request: ClaimRequest): Promise<ClaimReply> {
    this.#checkOpen();
    checkClaim(request);
    return this.#desk.claim(request);
  }

  async leave(holder: string): Promise<void> {
    this.#checkOpen();
    checkHolder(holder);
    this.#desk.leave(holder);
  }

  async release(request: ReleaseRequest): Promise<void> {
    this.#checkOpen();
    checkRelease(request);
    const kept = this.#executions.get(request.executionId);
    if (kept) this.#desk.release(kept, request.holder, request.wakeAt);
  }

  async list(query: ExecutionQuery): Promise<ExecutionPage> {
    this.#checkOpen();
    const { limit, cursor, ...filter } = resolveExecutionQuery(query);
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    const items: ExecutionHead[] = [];
    let last: KeptExecution | undefined;
    for (const kept of this.#newestFirst()) {
      if ((after && !kept.isAfter(after)) || !kept.matches(filter)) continue;
      if (items.length === limit && last) return { items, cursor: encodeCursor(last) };
      items.push(kept.head());
      last = kept;
    }
    return { items };
  }

  async prune(policy: RetentionPolicy): Promise<{ readonly removed: readonly string[] }> {
    this.#checkOpen();
    checkPolicy(policy);
    const { status, finishedBefore = -Infinity, maxBytes = Infinity, limit } = policy;
    const oldestFirst = this.#finished
      .sorted()
      .filter((kept) => status === undefined || status.includes(kept.status));
    let bytes = maxBytes === Infinity ? 0 : oldestFirst.reduce((sum, kept) => sum + kept.bytes(), 0);
    const removed = new Set<KeptExecution>();
    for (const kept of oldestFirst) {
      const isKept = (kept.finishedAt as number) >= finishedBefore && bytes <= maxBytes;
      if (isKept || removed.size === limit) break;
      if (maxBytes !== Infinity) bytes -= kept.bytes();
      this.#drop(kept);
      removed.add(kept);
    }
    this.#finished.remove(removed);
    return { removed: [...removed].map(({ id }) => id) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#outbox.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #finish(kept: KeptExecution): void {
    this.#desk.remove(kept);
    this.#finished.add(kept);
    while (this.#finished.size > this.#maxFinished) this.#drop(this.#finished.shift());
  }

  #drop({ id, idempotencyKey, definition }: KeptExecution): void {
    this.#executions.delete(id);
    if (idempotencyKey !== undefined) this.#idsByKey.delete(idempotencyKey);
    this.#definitions.release(definition.hash);
  }

  /** Nearly sorted already, which costs the sort little more than a look. */
  #newestFirst(): readonly KeptExecution[] {
    return [...this.#executions.values()]
      .reverse()
      .sort((a, b) => b.createdAt - a.createdAt || b.sequence - a.sequence);
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new LoomError('LOOM_CLOSED', 'The execution store is closed. Open a new one to go on.');
  }
}
