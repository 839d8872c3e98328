import type { EvictedTrace, TraceStore } from '../store/trace-store.js';
import { ExecutionLog } from './execution-log.js';
import type { ExecutionTrace } from './execution-trace.js';
import type { LoggedExecution } from './logged-execution.js';
import type { OpenTrace } from './open-trace.js';
import { TurnBudget } from './turn-budget.js';

/** Most logs, and about as many spans, that a store is given at once: it may stop the event loop for as long. */
const mostLogs = 256;
const mostLoggedSpans = 4_000;
/** How long a log that is finished waits for others, where a store takes many at once; milliseconds of real time. */
const gatherMs = 25;

/** Who hears what became of a write. */
export interface TraceWriterHost {
  evicted(traces: readonly EvictedTrace[]): void;
  /** The store did not take `records` of them. */
  lost(records: number, error: unknown): void;
  /** Its trace, made of its log if need be. */
  unfolded(open: OpenTrace, recorded: ExecutionLog | ExecutionTrace): ExecutionTrace;
  /** What was known of it is written, or lost. */
  written(open: OpenTrace): void;
  /** A round is over. */
  rested(): void;
}

/**
 * Brings what changed to the store, one round at a time. A trace is written when its execution is finished;
 * before that only when somebody wants to read it or the memory it takes: most change many times in a
 * moment, and each span is to be written once. What the store does not take is lost, so that a store that
 * is away costs no memory.
 */
export class TraceWriter {
  readonly #store: TraceStore;
  readonly #host: TraceWriterHost;
  readonly #dirty = new Set<OpenTrace>();
  /** Of those, the ones that are finished. */
  #finished: OpenTrace[] = [];
  #round: Promise<void> | undefined;
  #nextRound: Promise<void> | undefined;
  #lastUnderPressure = false;
  #gathering: NodeJS.Timeout | undefined;

  constructor(store: TraceStore, host: TraceWriterHost) {
    this.#store = store;
    this.#host = host;
  }

  /** It changed. */
  add(open: OpenTrace): void {
    if (!open.dirty) {
      open.dirty = true;
      this.#dirty.add(open);
    }
    if (open.trace?.finished === true) this.#finished.push(open);
  }

  /** Will be at work until {@link TraceWriterHost.rested}, or has something to do. */
  get busy(): boolean {
    return this.#round !== undefined || this.#dirty.size > 0;
  }

  /**
   * Begins a round of what is finished, unless one is under way, which begins the next by itself.
   * @param underPressure - of everything
   */
  start(underPressure: boolean): void {
    this.#lastUnderPressure = underPressure;
    if (this.#round !== undefined) return;
    if (underPressure) {
      if (this.#dirty.size > 0) void this.#begin(true);
    } else if (this.#store.keep === undefined || this.#finished.length >= mostLogs) {
      if (this.#finished.length > 0) void this.#begin(false);
    } else if (this.#finished.length > 0) {
      this.#gathering ??= setTimeout(() => {
        this.#gathering = undefined;
        if (this.#finished.length > 0 && this.#round === undefined) void this.#begin(false);
      }, gatherMs);
    }
  }

  /** Resolves when everything that was added before is written or lost. Never rejects. */
  written(): Promise<void> {
    if (this.#round === undefined) return this.#begin(true);
    return (this.#nextRound ??= this.#round.then(() => this.#begin(true)));
  }

  #begin(everything: boolean): Promise<void> {
    this.#nextRound = undefined;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#round !== undefined) return this.#round;
    const traces = everything ? [...this.#dirty] : this.#finished;
    this.#finished = [];
    this.#round = this.#run(traces).finally(() => {
      this.#round = undefined;
      // Whoever waits for the next round begins it.
      if (this.#nextRound === undefined) this.start(this.#lastUnderPressure);
      this.#host.rested();
    });
    return this.#round;
  }

  /** As many at a time as the store takes: one that is far away answers late, and each trace waits for it. */
  async #run(traces: readonly OpenTrace[]): Promise<void> {
    const { maxConcurrentWrites = 1 } = this.#store;
    const budget = new TurnBudget();
    const queue = (await this.#keepLogs(traces, budget)).values();
    await Promise.all(Array.from({ length: maxConcurrentWrites }, () => this.#writeAll(queue, budget)));
  }

  /** Writes those that are finished logs, many at a time. @returns the others */
  async #keepLogs(traces: readonly OpenTrace[], budget: TurnBudget): Promise<readonly OpenTrace[]> {
    const others: OpenTrace[] = [];
    const batch: OpenTrace[] = [];
    const logs: LoggedExecution[] = [];
    let spans = 0;
    for (const open of traces) {
      const { trace } = open;
      if (!(trace instanceof ExecutionLog && trace.finished)) {
        others.push(open);
      } else if (this.#begins(open)) {
        batch.push(open);
        logs.push(trace.logged);
        spans += trace.spans;
        if (logs.length < mostLogs && spans < mostLoggedSpans) continue;
        await this.#keep(batch.splice(0), logs.splice(0));
        await budget.breathe();
        spans = 0;
      }
    }
    if (logs.length > 0) await this.#keep(batch, logs);
    return others;
  }

  async #keep(batch: readonly OpenTrace[], logs: readonly LoggedExecution[]): Promise<void> {
    try {
      const reply = await this.#store.keep?.(logs);
      if (reply !== undefined) this.#host.evicted(reply.evicted);
    } catch (error) {
      let records = 0;
      for (const open of batch) records += 1 + lose(open);
      this.#host.lost(records, error);
    }
    for (const open of batch) {
      open.writing = false;
      this.#host.written(open);
    }
  }

  /** @returns false when it is twice in the list, or was removed meanwhile; what changes from now on belongs to the next round */
  #begins(open: OpenTrace): boolean {
    if (open.writing || !this.#dirty.delete(open)) return false;
    open.dirty = false;
    open.writing = open.trace !== undefined && !open.gone;
    return open.writing;
  }

  async #writeAll(queue: Iterable<OpenTrace>, budget: TurnBudget): Promise<void> {
    for (const open of queue) {
      if (!this.#begins(open) || open.trace === undefined) continue;
      await this.#write(open, this.#host.unfolded(open, open.trace), budget);
      open.writing = false;
      this.#host.written(open);
    }
  }

  async #write({ executionId }: OpenTrace, trace: ExecutionTrace, budget: TurnBudget): Promise<void> {
    let inFlight = 0;
    try {
      for (let spans = this.#take(trace); spans.length > 0; spans = this.#take(trace)) {
        inFlight = spans.length;
        const { evicted } = await this.#store.append(executionId, spans);
        this.#host.evicted(evicted);
        await budget.breathe();
      }
      inFlight = 1;
      const { evicted } = await this.#store.upsert(trace.summary());
      this.#host.evicted(evicted);
    } catch (error) {
      this.#host.lost(inFlight + discardChanges(trace), error);
      trace.markSpansMissing();
    }
  }

  #take(trace: ExecutionTrace): ReturnType<ExecutionTrace['takeChanged']> {
    return trace.takeChanged(this.#store.maxBatch);
  }
}

/** Of one that could not be kept. @returns how many spans that are */
function lose({ trace }: OpenTrace): number {
  if (trace === undefined || trace instanceof ExecutionLog) return trace?.spans ?? 0;
  // Something came meanwhile.
  trace.markSpansMissing();
  return discardChanges(trace);
}

function discardChanges(trace: ExecutionTrace): number {
  let discarded = 0;
  for (let spans = trace.takeChanged(1_000); spans.length > 0; spans = trace.takeChanged(1_000)) {
    discarded += spans.length;
  }
  return discarded;
}
