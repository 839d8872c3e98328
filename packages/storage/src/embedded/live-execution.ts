import type { ExecutionStatus, NodeCounters, RecordEntry } from '@certoai/loom-core';
import type { Claimable, Holder } from '../internal/claim-desk.js';
import { IndexSet } from './index-set.js';

/** What decides about the next step of an unfinished execution, in memory: no step has to read the file. */
export class LiveExecution implements Claimable {
  /** Its key in the file. */
  readonly sequence: number;
  readonly id: string;
  version: number;
  status: ExecutionStatus;
  wakeAt: number | null;
  /** Not in the file: when this process ends, whoever held it is gone. */
  holder: Holder | undefined;
  claimableAt: number | null;
  /** By name; read from the file when an execution from an earlier process is touched first. */
  nodes: Map<string, LiveNode> | undefined;
  /** Of the input and of all records, as UTF-8; `undefined` when only the file knows. */
  payloadBytes: number | undefined;

  constructor(
    sequence: number,
    id: string,
    {
      version,
      status,
      wakeAt,
    }: { readonly version: number; readonly status: ExecutionStatus; readonly wakeAt: number | null },
  ) {
    this.sequence = sequence;
    this.id = id;
    this.version = version;
    this.status = status;
    this.wakeAt = wakeAt;
    this.holder = undefined;
    this.claimableAt = null;
    this.nodes = undefined;
    this.payloadBytes = undefined;
  }
}

/** What is known of the tasks of one node. */
export class LiveNode {
  done = 0;
  failed = 0;
  readonly #final = new IndexSet();
  /** Tokens of tasks with a pending record; a task without any has token 1. */
  #tokens: Map<number, number> | undefined;

  refusal({ index, held }: RecordEntry): 'duplicate' | 'stale' | undefined {
    if (this.#final.has(index)) return 'duplicate';
    return held === this.#token(index) ? undefined : 'stale';
  }

  /** Only what {@link refusal} lets pass. */
  apply({ index, held, kind, next }: RecordEntry): void {
    if (kind === 'pending') {
      this.setToken(index, next as number);
      return;
    }
    if (held > 1) this.#tokens?.delete(index);
    this.finish(index, kind);
  }

  /** Takes back an {@link apply}: what was in force before is the token that the entry held. */
  undo({ index, held, kind }: RecordEntry): void {
    if (kind !== 'pending') {
      this.#final.delete(index);
      this.#count(index, kind, -1);
    }
    if (held > 1) this.setToken(index, held);
    else this.#tokens?.delete(index);
  }

  setToken(index: number, token: number): void {
    (this.#tokens ??= new Map<number, number>()).set(index, token);
  }

  finish(index: number, kind: 'completed' | 'failed'): void {
    this.#final.add(index);
    this.#count(index, kind, 1);
  }

  counters(): NodeCounters {
    return { done: this.done, failed: this.failed };
  }

  #token(index: number): number {
    return this.#tokens?.get(index) ?? 1;
  }

  #count(index: number, kind: 'completed' | 'failed', by: 1 | -1): void {
    if (index < 0) return;
    this.done += by;
    if (kind === 'failed') this.failed += by;
  }
}
