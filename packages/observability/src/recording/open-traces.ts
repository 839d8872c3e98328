import type { ResolvedRecorderOptions } from '../execution-trace-recorder-options.js';
import type { EvictedTrace, TraceStore } from '../store/trace-store.js';
import { EventBuffer } from './event-buffer.js';
import { ExecutionLog } from './execution-log.js';
import { ExecutionTrace, type TraceSurroundings } from './execution-trace.js';
import type { OpenTrace } from './open-trace.js';
import { RecentIds } from './recent-ids.js';
import type { LossLedger } from './trace-loss.js';

/** Share of a limit at which unfinished traces are written, so that they can be closed when it is reached. */
const pressureAt = 0.75;
/** Share of a limit down to which traces are closed, so that this is not done for every event. */
const relaxedAt = 0.9;

/**
 * The executions that are being recorded, as many as the limits allow. One that is opened is read back from
 * the store first; one that is written and not used can be closed at any time, because the store has it.
 */
export class OpenTraces {
  readonly #store: TraceStore;
  readonly #losses: LossLedger;
  readonly #maxExecutions: number;
  readonly #maxSpans: number;
  readonly #surroundings: TraceSurroundings;
  readonly #onReady: (open: OpenTrace) => void;
  readonly #open = new Map<string, OpenTrace>();
  readonly #lookingUp = new Set<OpenTrace>();
  #spans = 0;
  /** Spans that have been admitted are made. */
  #unfolding = false;
  #closed = 0;
  /** There was nothing to close, and nothing was written since. */
  #crammed = false;
  /** Executions that the store removed: nothing more of them is recorded. */
  readonly #removed = new RecentIds();
  /** Executions of which events were dropped before they got to a trace. */
  readonly #damaged = new RecentIds();

  /** @param onReady - the store has said what it knows of an execution that was opened */
  constructor(
    store: TraceStore,
    { maxExecutions, maxSpans, kept }: ResolvedRecorderOptions,
    losses: LossLedger,
    onReady: (open: OpenTrace) => void,
  ) {
    this.#store = store;
    this.#losses = losses;
    this.#maxExecutions = maxExecutions;
    this.#maxSpans = maxSpans;
    this.#onReady = onReady;
    // Half, so that one execution cannot keep all others out.
    this.#surroundings = {
      kept,
      maxSpans: Math.max(1, Math.floor(maxSpans / 2)),
      admit: () => this.#unfolding || this.#admit(),
    };
  }

  get(executionId: string): OpenTrace | undefined {
    return this.#open.get(executionId);
  }

  isRemoved(executionId: string): boolean {
    return this.#removed.has(executionId);
  }

  /** @returns undefined when there is no room for one more */
  open(executionId: string, eventNumber: number): OpenTrace | undefined {
    if (this.#open.size >= this.#maxExecutions && !this.#makeRoom()) return undefined;
    const open: OpenTrace = {
      executionId,
      trace: undefined,
      waiting: undefined,
      openedAt: eventNumber,
      lastUsed: eventNumber,
      inUse: false,
      dirty: false,
      writing: false,
      gone: false,
    };
    this.#open.set(executionId, open);
    if (this.#store.mayHave(executionId)) {
      open.waiting = new EventBuffer();
      this.#lookingUp.add(open);
      void this.#lookUp(open);
    } else {
      const Recorded = this.#store.keep === undefined ? ExecutionTrace : ExecutionLog;
      this.#begin(open, new Recorded(executionId, this.#surroundings));
    }
    return open;
  }

  /** Being read back from the store. */
  get lookingUp(): number {
    return this.#lookingUp.size;
  }

  /** How many were closed, ever. */
  get closed(): number {
    return this.#closed;
  }

  get underPressure(): boolean {
    return this.#open.size >= this.#maxExecutions * pressureAt || this.#spans >= this.#maxSpans * pressureAt;
  }

  /** Its trace, made of its log if need be: that takes anything, and can be written while the execution goes on. */
  unfolded(open: OpenTrace, recorded: ExecutionLog | ExecutionTrace): ExecutionTrace {
    if (recorded instanceof ExecutionTrace) return recorded;
    const trace = new ExecutionTrace(open.executionId, this.#surroundings);
    this.#unfolding = true;
    for (const event of recorded.events) trace.fold(event);
    this.#unfolding = false;
    open.trace = trace;
    return trace;
  }

  /** Something of it was dropped: its trace says so, now or when it is opened. */
  damage(executionId: string): OpenTrace | undefined {
    this.#damaged.add(executionId);
    return this.#markIfDamaged(this.#open.get(executionId));
  }

  /** What was known of it is written, or lost. */
  written(open: OpenTrace): void {
    this.#crammed = false;
    if (open.trace?.finished === true && isIdle(open) && !open.gone) this.#close(open);
  }

  /** @returns the trace when it was open */
  evicted({ executionId, spans }: EvictedTrace): OpenTrace | undefined {
    this.#losses.count('evictedExecutions', 1);
    this.#losses.count('evictedSpans', spans);
    this.#removed.add(executionId);
    const open = this.#open.get(executionId);
    if (open !== undefined) this.#close(open);
    return open;
  }

  clear(): void {
    this.#open.clear();
  }

  /** Begins where the store stands. Never rejects. */
  async #lookUp(open: OpenTrace): Promise<void> {
    let trace: ExecutionTrace;
    try {
      const spans = await this.#store.spans(open.executionId);
      trace = ExecutionTrace.from(open.executionId, spans, this.#surroundings);
    } catch (error) {
      this.#losses.report('unwrittenRecords', error);
      trace = new ExecutionTrace(open.executionId, this.#surroundings);
      trace.markSpansMissing();
    }
    this.#lookingUp.delete(open);
    if (open.gone) return;
    this.#begin(open, trace);
    this.#onReady(open);
  }

  #begin(open: OpenTrace, trace: ExecutionLog | ExecutionTrace): void {
    open.trace = trace;
    this.#spans += trace.spans;
    this.#markIfDamaged(open);
  }

  #admit(): boolean {
    if (this.#spans >= this.#maxSpans && !this.#makeRoom()) return false;
    this.#spans += 1;
    return true;
  }

  /** Closes those that were not used for the longest time. */
  #makeRoom(): boolean {
    if (this.#crammed) return false;
    const idle = [...this.#open.values()].filter(isIdle);
    idle.sort((left, right) => left.lastUsed - right.lastUsed);
    for (const open of idle) {
      this.#close(open);
      if (this.#open.size < this.#maxExecutions * relaxedAt && this.#spans < this.#maxSpans * relaxedAt)
        break;
    }
    this.#crammed = this.#open.size >= this.#maxExecutions || this.#spans >= this.#maxSpans;
    return !this.#crammed;
  }

  #close(open: OpenTrace): void {
    this.#open.delete(open.executionId);
    this.#spans -= open.trace?.spans ?? 0;
    this.#closed += 1;
    this.#crammed = false;
    open.gone = true;
  }

  #markIfDamaged(open: OpenTrace | undefined): OpenTrace | undefined {
    if (open?.trace === undefined || !this.#damaged.delete(open.executionId)) return undefined;
    this.unfolded(open, open.trace).markSpansMissing();
    return open;
  }
}

function isIdle({ dirty, writing, waiting, inUse }: OpenTrace): boolean {
  return !dirty && !writing && !inUse && waiting === undefined;
}
