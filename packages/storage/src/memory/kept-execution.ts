import type {
  ExecutionHead,
  ExecutionQuery,
  ExecutionStatus,
  NewExecution,
  NodeCounters,
  RecordEntry,
  StoredDefinition,
  StoredExecution,
  StoredRecord,
  Transition,
} from '@certoai/loom-core';
import type { Claimable, Holder } from '../internal/claim-desk.js';
import type { ExecutionCursor } from '../internal/execution-cursor.js';
import { isFinal } from '../internal/execution-input.js';
import { KeptNode } from './kept-node.js';

/** One execution, as the in-memory store keeps it. */
export class KeptExecution implements Claimable, ExecutionCursor {
  readonly sequence: number;
  readonly id: string;
  readonly definition: StoredDefinition;
  readonly createdAt: number;
  readonly nodes = new Map<string, KeptNode>();
  readonly #new: NewExecution;
  readonly #tags: readonly string[];
  version = 1;
  wakeAt: number | null;
  holder: Holder | undefined;
  claimableAt: number | null = null;
  finishedAt: number | undefined;
  #status: ExecutionStatus = 'running';
  #state: string;
  #updatedAt: number;
  #bytes: number | undefined;

  constructor(sequence: number, execution: NewExecution, definition: StoredDefinition) {
    this.sequence = sequence;
    this.id = execution.id;
    this.definition = definition;
    this.createdAt = execution.createdAt;
    this.wakeAt = execution.wakeAt;
    this.#new = { ...execution };
    this.#tags = execution.tags ? [...execution.tags] : [];
    this.#state = execution.state;
    this.#updatedAt = execution.createdAt;
  }

  get status(): ExecutionStatus {
    return this.#status;
  }

  get isFinished(): boolean {
    return this.finishedAt !== undefined;
  }

  get idempotencyKey(): string | undefined {
    return this.#new.idempotencyKey;
  }

  node(name: string): KeptNode {
    const known = this.nodes.get(name);
    if (known) return known;
    const node = new KeptNode();
    this.nodes.set(name, node);
    return node;
  }

  /** All of the records, or none and `false` when one of them is refused. */
  putAll(entries: readonly RecordEntry[]): boolean {
    const undo: {
      readonly node: KeptNode;
      readonly entry: RecordEntry;
      readonly before: StoredRecord | undefined;
    }[] = [];
    for (const entry of entries) {
      const node = this.node(entry.node);
      if (node.refusal(entry) !== undefined) {
        for (const done of undo.reverse()) done.node.restore(done.entry, done.before);
        return false;
      }
      const before = node.put(entry);
      if (entries.length > 1) undo.push({ node, entry, before });
    }
    return true;
  }

  /** Writes the head. */
  move({ status, state, wakeAt, at }: Transition): void {
    this.version += 1;
    this.#status = status;
    this.#state = state;
    this.#updatedAt = at;
    if (wakeAt !== undefined) this.wakeAt = wakeAt;
    if (!isFinal(status)) return;
    this.finishedAt = at;
    this.wakeAt = null;
  }

  head(): ExecutionHead {
    const { name, idempotencyKey, priority = 0 } = this.#new;
    return {
      id: this.id,
      version: this.version,
      status: this.#status,
      name,
      definitionHash: this.definition.hash,
      idempotencyKey,
      priority,
      tags: this.#tags,
      createdAt: this.createdAt,
      updatedAt: this.#updatedAt,
      finishedAt: this.finishedAt,
      wakeAt: this.wakeAt,
    };
  }

  stored(): StoredExecution {
    const counted = [...this.nodes].map(([name, node]): [string, NodeCounters] => [name, node.counters()]);
    const counters = Object.fromEntries(counted.filter(([, { done }]) => done > 0));
    return {
      ...this.head(),
      definition: this.definition,
      input: this.#new.input,
      state: this.#state,
      counters,
    };
  }

  matches({
    status,
    name,
    tags,
    createdAfter = -Infinity,
    createdBefore = Infinity,
  }: ExecutionQuery): boolean {
    return (
      this.createdAt > createdAfter &&
      this.createdAt < createdBefore &&
      (status === undefined || status.includes(this.#status)) &&
      (name === undefined || name === this.#new.name) &&
      (tags === undefined || tags.every((tag) => this.#tags.includes(tag)))
    );
  }

  isAfter({ createdAt, sequence }: ExecutionCursor): boolean {
    return this.createdAt < createdAt || (this.createdAt === createdAt && this.sequence < sequence);
  }

  /** Size of its payloads as UTF-8. Asked of finished executions only, which no longer change. */
  bytes(): number {
    if (this.#bytes !== undefined) return this.#bytes;
    let bytes = Buffer.byteLength(this.#new.input) + Buffer.byteLength(this.#state);
    for (const node of this.nodes.values()) bytes += node.bytes();
    return (this.#bytes = bytes);
  }
}
