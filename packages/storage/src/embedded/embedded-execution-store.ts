import { LoomError } from '@certoai/loom-core';
import type {
  ClaimReply,
  ClaimRequest,
  CommitReply,
  CreateReply,
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
import {
  checkClaim,
  checkHolder,
  checkNewExecution,
  checkPolicy,
  checkRecord,
  checkRelease,
  checkTransition,
  isFinal,
  resolveRecordQuery,
} from '../internal/execution-input.js';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';
import { EmbeddedOutbox } from './embedded-outbox.js';
import { ExecutionDefinitions } from './execution-definitions.js';
import { ExecutionListing } from './execution-listing.js';
import { ExecutionReader } from './execution-reader.js';
import { ExecutionRetention } from './execution-retention.js';
import { executionSchema, inlineInputLength } from './execution-schema.js';
import type { LiveExecution } from './live-execution.js';
import { LiveExecutions } from './live-executions.js';

const conflict: CommitReply = { committed: false, reason: 'conflict' };

/** Executions in a folder. A create costs one statement, a record one, a commit one more than its records. */
export class EmbeddedExecutionStore implements ExecutionStore {
  readonly capabilities = { durable: true, shared: false };
  readonly #database: EmbeddedDatabase;
  readonly #live: LiveExecutions;
  readonly #definitions: ExecutionDefinitions;
  readonly #reader: ExecutionReader;
  readonly #listing: ExecutionListing;
  readonly #retention: ExecutionRetention;
  readonly #statements;
  #outbox: EmbeddedOutbox | undefined;
  #closing: Promise<void> | undefined;

  constructor(database: EmbeddedDatabase) {
    database.migrate(executionSchema);
    this.#database = database;
    this.#live = new LiveExecutions(database);
    this.#definitions = new ExecutionDefinitions(database);
    this.#reader = new ExecutionReader(database, this.#live);
    this.#listing = new ExecutionListing(database);
    this.#retention = new ExecutionRetention(database, this.#definitions);
    this.#statements = prepareStatements(database);
    database.onReload(() => {
      this.#live.load();
      this.#definitions.forget();
      this.#retention.forget();
    });
  }

  /** Loaded when it is first asked for, or first needed. @throws LoomError `LOOM_CLOSED`, `LOOM_STORE_FAILED`, `LOOM_STORE_FULL` */
  get outbox(): OutboxStore {
    return this.#openOutbox();
  }

  async create(execution: NewExecution): Promise<CreateReply> {
    this.#checkOpen();
    checkNewExecution(execution);
    // A copy, as the caller may change its own before the transaction.
    const { definition, tags = [] } = execution;
    const given = { ...execution, definition: { ...definition }, tags: [...tags] };
    return this.#database.enqueue((transaction) => this.#create(given, transaction));
  }

  async load(executionId: string): Promise<StoredExecution | undefined> {
    this.#checkOpen();
    return this.#database.read(() => this.#reader.load(executionId));
  }

  async record(entry: RecordEntry): Promise<RecordReply> {
    this.#checkOpen();
    checkRecord(entry);
    const given = { ...entry };
    return this.#database.enqueue((transaction) => this.#record(given, transaction));
  }

  async commit(transition: Transition): Promise<CommitReply> {
    this.#checkOpen();
    checkTransition(transition);
    const messages = transition.messages?.map((message) => ({ ...message }));
    // Not within the transaction, as it has tables to make.
    if (messages?.length) this.#openOutbox();
    const given = { ...transition, messages, records: transition.records.map((entry) => ({ ...entry })) };
    return this.#database.enqueue((transaction) => this.#commit(given, transaction));
  }

  async records(query: RecordQuery): Promise<readonly StoredRecord[]> {
    this.#checkOpen();
    const resolved = resolveRecordQuery(query);
    return this.#database.read(() => this.#reader.records(resolved));
  }

  async claim(request: ClaimRequest): Promise<ClaimReply> {
    this.#checkOpen();
    checkClaim(request);
    const given = { ...request };
    return this.#database.enqueue((transaction) => this.#live.claim(given, transaction));
  }

  async leave(holder: string): Promise<void> {
    this.#checkOpen();
    checkHolder(holder);
    return this.#database.read(() => this.#live.leave(holder));
  }

  async release(request: ReleaseRequest): Promise<void> {
    this.#checkOpen();
    checkRelease(request);
    const given = { ...request };
    return this.#database.enqueue((transaction) => this.#release(given, transaction));
  }

  async list(query: ExecutionQuery): Promise<ExecutionPage> {
    this.#checkOpen();
    return this.#listing.page(query);
  }

  async prune(policy: RetentionPolicy): Promise<{ readonly removed: readonly string[] }> {
    this.#checkOpen();
    checkPolicy(policy);
    return { removed: await this.#retention.prune(policy) };
  }

  /** The folder stays open until the store that owns it is closed. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #create(
    execution: NewExecution & { readonly tags: readonly string[] },
    transaction: Transaction,
  ): CreateReply {
    const { id, input, state, createdAt, name, idempotencyKey, priority = 0, tags, wakeAt } = execution;
    if (this.#live.get(id)) return { created: false, id };
    const known = this.#definitions.known(execution.definition.hash);
    // Only a definition that would be stored for nothing makes it worth to look first.
    const existing = known === undefined ? this.#reader.existing(id, idempotencyKey) : undefined;
    if (existing !== undefined) return { created: false, id: existing };
    const definition = known ?? this.#definitions.store(execution.definition, transaction);
    const sequence = this.#live.nextSequence();
    const isInline = input.length <= inlineInputLength;
    const inserted = transaction.run(this.#statements.create, [
      sequence,
      id,
      createdAt,
      createdAt,
      wakeAt,
      priority,
      definition,
      name ?? null,
      idempotencyKey ?? null,
      tags.length > 0 ? JSON.stringify(tags) : null,
      isInline ? input : null,
      state,
    ]);
    if (inserted === 0) return { created: false, id: this.#reader.existing(id, idempotencyKey) as string };
    if (!isInline) transaction.run(this.#statements.largeInput, [sequence, input]);
    this.#live.add(execution);
    return { created: true, id };
  }

  #record(entry: RecordEntry, transaction: Transaction): RecordReply {
    const live = this.#live.get(entry.executionId);
    if (!live)
      return { accepted: false, reason: this.#reader.exists(entry.executionId) ? 'finished' : 'unknown' };
    if (this.#live.refuses(live, entry.holder)) return { accepted: false, reason: 'stale' };
    const node = this.#live.node(live, entry.node);
    const reason = node.refusal(entry);
    if (reason !== undefined) return { accepted: false, reason };
    node.apply(entry);
    this.#write(live, entry, transaction);
    return { accepted: true, counters: node.counters() };
  }

  #commit(transition: Transition, transaction: Transaction): CommitReply {
    const { executionId, expectedVersion, status, state, records, messages, at } = transition;
    const live = this.#live.get(executionId);
    if (live?.version !== expectedVersion || this.#live.refuses(live, transition.holder)) return conflict;
    if (!this.#applyAll(live, records)) return conflict;
    for (const entry of records) this.#write(live, entry, transaction);
    if (messages?.length) this.#openOutbox().addWith(transaction, messages);
    const version = (live.version += 1);
    if (isFinal(status)) {
      this.#finish(live, transition, transaction);
      return { committed: true, version };
    }
    if (transition.wakeAt !== undefined) this.#live.setWakeAt(live, transition.wakeAt);
    const head = [version, state, live.wakeAt, at];
    if (status === live.status) {
      transaction.run(this.#statements.step, [...head, live.sequence]);
    } else {
      live.status = status;
      transaction.run(this.#statements.turn, [...head, status, null, null, live.sequence]);
    }
    return { committed: true, version };
  }

  #release({ executionId, holder, wakeAt }: ReleaseRequest, transaction: Transaction): void {
    const live = this.#live.get(executionId);
    if (live && this.#live.release(live, holder, wakeAt))
      transaction.run(this.#statements.release, [wakeAt, live.sequence]);
  }

  #finish(live: LiveExecution, { status, state, at }: Transition, transaction: Transaction): void {
    const payloadBytes = live.payloadBytes ?? this.#reader.payloadBytes(live.sequence);
    const bytes = payloadBytes + Buffer.byteLength(state);
    transaction.run(this.#statements.turn, [live.version, state, null, at, status, at, bytes, live.sequence]);
    this.#live.remove(live);
    this.#retention.finished(status, bytes);
  }

  /** All of the records, or none and `false` when one of them is refused. */
  #applyAll(live: LiveExecution, entries: readonly RecordEntry[]): boolean {
    for (const [place, entry] of entries.entries()) {
      const node = this.#live.node(live, entry.node);
      if (node.refusal(entry) !== undefined) {
        for (const done of entries.slice(0, place).reverse()) this.#live.node(live, done.node).undo(done);
        return false;
      }
      node.apply(entry);
    }
    return true;
  }

  #write(live: LiveExecution, entry: RecordEntry, transaction: Transaction): void {
    const { node, index, held, kind, attempt, body, next, dueAt, crashes = 0, at } = entry;
    if (kind !== 'pending' && held === 1 && crashes === 0) {
      if (live.payloadBytes !== undefined) live.payloadBytes += Buffer.byteLength(body);
      transaction.run(this.#statements.firstRecord, [live.sequence, node, index, kind, attempt, at, body]);
      return;
    }
    // It may take the place of another, whose size is not known here.
    live.payloadBytes = undefined;
    const isPending = kind === 'pending';
    const token = isPending ? (next as number) : held;
    const due = isPending ? (dueAt ?? null) : null;
    transaction.run(this.#statements.record, [
      live.sequence,
      node,
      index,
      kind,
      attempt,
      at,
      body,
      token,
      crashes,
      due,
    ]);
  }

  #openOutbox(): EmbeddedOutbox {
    if (this.#outbox) return this.#outbox;
    this.#checkOpen();
    try {
      return (this.#outbox = EmbeddedOutbox.open(this.#database));
    } catch (error) {
      throw this.#database.translate(error);
    }
  }

  async #close(): Promise<void> {
    await this.#database.read(() => undefined).catch(() => undefined);
    await this.#outbox?.close();
  }

  #checkOpen(): void {
    if (this.#closing)
      throw new LoomError('LOOM_CLOSED', 'The execution store is closed. Open the folder again to go on.');
  }
}

function prepareStatements(database: EmbeddedDatabase) {
  return {
    create: database.prepare(
      `INSERT INTO executions (sequence, id, version, status, created_at, updated_at, wake_at, priority, definition,
         name, idempotency_key, tags, input, state)
       VALUES (?, ?, 1, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    largeInput: database.prepare('INSERT INTO large_inputs (execution, input) VALUES (?, ?)'),
    step: database.prepare(
      'UPDATE executions SET version = ?, state = ?, wake_at = ?, updated_at = ? WHERE sequence = ?',
    ),
    release: database.prepare('UPDATE executions SET wake_at = ? WHERE sequence = ?'),
    turn: database.prepare(
      `UPDATE executions SET version = ?, state = ?, wake_at = ?, updated_at = ?, status = ?, finished_at = ?, bytes = ?
       WHERE sequence = ?`,
    ),
    /** A task that succeeds or fails at its first hand-out, as nearly all do. */
    firstRecord: database.prepare(
      'INSERT INTO records (execution, node, task, kind, attempt, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    record: database.prepare(
      `INSERT OR REPLACE INTO records (execution, node, task, kind, attempt, at, body, token, crashes, due_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
  };
}
