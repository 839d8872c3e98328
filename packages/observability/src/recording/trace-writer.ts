import type { EvictedTrace, TraceStore } from '../store/trace-store.js';
import type { ExecutionTrace } from './execution-trace.js';
import type { OpenTrace } from './open-trace.js';
import { TurnBudget } from './turn-budget.js';

/** Who hears what became of a write. */
export interface TraceWriterHost {
  evicted(traces: readonly EvictedTrace[]): void;
  /** The store did not take `records` of them. */
  lost(records: number, error: unknown): void;
  /** Everything that was known of it is written. */
  written(open: OpenTrace): void;
}

/**
 * Brings what changed to the store, one round at a time: while one is under way changes add up, and a
 * span that changed twice is written once. What the store does not take is lost, so that a store
 * that is away costs no memory.
 */
export class TraceWriter {
  readonly #store: TraceStore;
  readonly #host: TraceWriterHost;
  #queue: OpenTrace[] = [];
  #round: Promise<void> | undefined;
  #nextRound: Promise<void> | undefined;

  constructor(store: TraceStore, host: TraceWriterHost) {
    this.#store = store;
    this.#host = host;
  }

  add(open: OpenTrace): void {
    if (open.queued) return;
    open.queued = true;
    this.#queue.push(open);
  }

  /** Begins a round unless one is under way, which begins the next by itself. */
  start(): void {
    if (this.#round === undefined && this.#queue.length > 0) void this.#begin();
  }

  /** Resolves when what was added before is written or lost. Never rejects. */
  written(): Promise<void> {
    if (this.#round === undefined) return this.#begin();
    return (this.#nextRound ??= this.#round.then(() => this.#begin()));
  }

  #begin(): Promise<void> {
    this.#nextRound = undefined;
    return (this.#round ??= this.#run().finally(() => {
      this.#round = undefined;
      // Whoever waits for the next round begins it.
      if (this.#nextRound === undefined) this.start();
    }));
  }

  async #run(): Promise<void> {
    const queue = this.#queue;
    this.#queue = [];
    const budget = new TurnBudget();
    for (const open of queue) {
      open.queued = false;
      if (open.trace === undefined || open.gone) continue;
      open.writing = true;
      await this.#write(open, open.trace, budget);
      open.writing = false;
      this.#host.written(open);
    }
  }

  async #write(open: OpenTrace, trace: ExecutionTrace, budget: TurnBudget): Promise<void> {
    let inFlight = 0;
    try {
      for (let spans = this.#take(trace); spans.length > 0; spans = this.#take(trace)) {
        inFlight = spans.length;
        const { evicted } = await this.#store.append(open.executionId, spans);
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
