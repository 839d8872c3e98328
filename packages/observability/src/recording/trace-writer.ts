import type { EvictedTrace, TraceStore } from '../store/trace-store.js';
import type { ExecutionTrace } from './execution-trace.js';
import type { OpenTrace } from './open-trace.js';
import { TurnBudget } from './turn-budget.js';

/** Who hears what became of a write. */
export interface TraceWriterHost {
  evicted(traces: readonly EvictedTrace[]): void;
  /** The store did not take `records` of them. */
  lost(records: number, error: unknown): void;
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
    if (underPressure ? this.#dirty.size > 0 : this.#finished.length > 0) void this.#begin(underPressure);
  }

  /** Resolves when everything that was added before is written or lost. Never rejects. */
  written(): Promise<void> {
    if (this.#round === undefined) return this.#begin(true);
    return (this.#nextRound ??= this.#round.then(() => this.#begin(true)));
  }

  #begin(everything: boolean): Promise<void> {
    this.#nextRound = undefined;
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
    const queue = traces.values();
    const budget = new TurnBudget();
    await Promise.all(Array.from({ length: maxConcurrentWrites }, () => this.#writeAll(queue, budget)));
  }

  async #writeAll(queue: Iterable<OpenTrace>, budget: TurnBudget): Promise<void> {
    for (const open of queue) {
      // Twice in the list, or removed meanwhile; what changes while it is written belongs to the next round.
      if (open.writing || !this.#dirty.delete(open)) continue;
      open.dirty = false;
      if (open.trace === undefined || open.gone) continue;
      open.writing = true;
      await this.#write(open, open.trace, budget);
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

function discardChanges(trace: ExecutionTrace): number {
  let discarded = 0;
  for (let spans = trace.takeChanged(1_000); spans.length > 0; spans = trace.takeChanged(1_000)) {
    discarded += spans.length;
  }
  return discarded;
}
