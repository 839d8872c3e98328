import { LoomError } from '@certoai/loom-core';
import type {
  ClaimReply,
  ClaimRequest,
  CommitReply,
  CreateReply,
  ExecutionHead,
  ExecutionPage,
  ExecutionQuery,
  ExecutionStore,
  NewExecution,
  RecordEntry,
  RecordQuery,
  RecordReply,
  RetentionPolicy,
  StoredExecution,
  StoredRecord,
  Transition,
} from '@certoai/loom-core';
import { encodeCursor, parseCursor } from '../internal/execution-cursor.js';
import {
  checkClaim,
  checkNewExecution,
  checkOption,
  checkPolicy,
  checkRecord,
  checkTransition,
  resolveExecutionQuery,
  resolveRecordQuery,
} from '../internal/execution-input.js';
import { WakeQueue } from '../internal/wake-queue.js';
import { FinishedOrder } from './finished-order.js';
import { HeldExecution } from './held-execution.js';
import { PinnedDefinitions } from './pinned-definitions.js';

export interface InMemoryExecutionStoreOptions {
  /** Finished executions kept; beyond it the one that finished first is dropped. Count, 0 or more. @default 10_000 */
  readonly maxFinished?: number | undefined;
}

const conflict: CommitReply = { committed: false, reason: 'conflict' };

/** Executions in this process's memory: gone when it ends. For tests, and for work that may be lost. */
export class InMemoryExecutionStore implements ExecutionStore {
  readonly capabilities = { durable: false, shared: false };
  readonly #maxFinished: number;
  readonly #executions = new Map<string, HeldExecution>();
  readonly #idsByKey = new Map<string, string>();
  readonly #sleepers = new WakeQueue<HeldExecution>();
  readonly #finished = new FinishedOrder();
  readonly #definitions = new PinnedDefinitions();
  #sequence = 0;
  #closed = false;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor({ maxFinished = 10_000 }: InMemoryExecutionStoreOptions = {}) {
    checkOption('maxFinished', maxFinished, 0);
    this.#maxFinished = maxFinished;
  }

  async create(execution: NewExecution): Promise<CreateReply> {
    this.#checkOpen();
    checkNewExecution(execution);
    const { id, idempotencyKey: key } = execution;
    const existing = this.#executions.has(id) ? id : key === undefined ? undefined : this.#idsByKey.get(key);
    if (existing !== undefined) return { created: false, id: existing };
    const definition = this.#definitions.use(execution.definition);
    const held = new HeldExecution((this.#sequence += 1), execution, definition);
    this.#executions.set(id, held);
    if (key !== undefined) this.#idsByKey.set(key, id);
    this.#sleepers.moved(held);
    return { created: true, id };
  }

  async load(executionId: string): Promise<StoredExecution | undefined> {
    this.#checkOpen();
    return this.#executions.get(executionId)?.stored();
  }

  async record(entry: RecordEntry): Promise<RecordReply> {
    this.#checkOpen();
    checkRecord(entry);
    const held = this.#executions.get(entry.executionId);
    if (held === undefined) return { accepted: false, reason: 'unknown' };
    if (held.isFinished) return { accepted: false, reason: 'finished' };
    const node = held.node(entry.node);
    const reason = node.refusal(entry);
    if (reason !== undefined) return { accepted: false, reason };
    node.put(entry);
    if (held.wakeBy(entry)) this.#sleepers.moved(held);
    return { accepted: true, counters: node.counters() };
  }

  async commit(transition: Transition): Promise<CommitReply> {
    this.#checkOpen();
    checkTransition(transition);
    const held = this.#executions.get(transition.executionId);
    if (held === undefined || held.isFinished || held.version !== transition.expectedVersion) return conflict;
    if (!held.putAll(transition.records)) return conflict;
    if (held.move(transition)) this.#sleepers.moved(held);
    if (held.isFinished) this.#finish(held);
    return { committed: true, version: held.version };
  }

  async records(query: RecordQuery): Promise<readonly StoredRecord[]> {
    this.#checkOpen();
    const { executionId, node, from, limit } = resolveRecordQuery(query);
    return this.#executions.get(executionId)?.nodes.get(node)?.page(from, limit) ?? [];
  }

  async claim(request: ClaimRequest): Promise<ClaimReply> {
    this.#checkOpen();
    checkClaim(request);
    const { now, leaseMs, limit } = request;
    const taken = this.#sleepers.take(now, now + leaseMs, limit);
    const nextWakeAt = this.#sleepers.next();
    for (const held of taken) this.#sleepers.moved(held);
    return { ids: taken.map(({ id }) => id), nextWakeAt };
  }

  async list(query: ExecutionQuery): Promise<ExecutionPage> {
    this.#checkOpen();
    const { limit, cursor, ...filter } = resolveExecutionQuery(query);
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    const items: ExecutionHead[] = [];
    let last: HeldExecution | undefined;
    for (const held of this.#newestFirst()) {
      if ((after && !held.isAfter(after)) || !held.matches(filter)) continue;
      if (items.length === limit && last) return { items, cursor: encodeCursor(last) };
      items.push(held.head());
      last = held;
    }
    return { items };
  }

  async prune(policy: RetentionPolicy): Promise<{ readonly removed: number }> {
    this.#checkOpen();
    checkPolicy(policy);
    const { status, finishedBefore = -Infinity, maxBytes = Infinity, limit } = policy;
    const oldestFirst = this.#finished
      .sorted()
      .filter((held) => status === undefined || status.includes(held.status));
    let bytes = maxBytes === Infinity ? 0 : oldestFirst.reduce((sum, held) => sum + held.bytes(), 0);
    const removed = new Set<HeldExecution>();
    for (const held of oldestFirst) {
      const isKept = (held.finishedAt as number) >= finishedBefore && bytes <= maxBytes;
      if (isKept || removed.size === limit) break;
      if (maxBytes !== Infinity) bytes -= held.bytes();
      this.#drop(held);
      removed.add(held);
    }
    this.#finished.remove(removed);
    return { removed: removed.size };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #finish(held: HeldExecution): void {
    this.#finished.add(held);
    while (this.#finished.size > this.#maxFinished) this.#drop(this.#finished.shift());
  }

  #drop({ id, idempotencyKey, definition }: HeldExecution): void {
    this.#executions.delete(id);
    if (idempotencyKey !== undefined) this.#idsByKey.delete(idempotencyKey);
    this.#definitions.release(definition.hash);
  }

  /** Nearly sorted already, which costs the sort little more than a look. */
  #newestFirst(): readonly HeldExecution[] {
    return [...this.#executions.values()]
      .reverse()
      .sort((a, b) => b.createdAt - a.createdAt || b.sequence - a.sequence);
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new LoomError('LOOM_CLOSED', 'The execution store is closed. Open a new one to go on.');
  }
}
