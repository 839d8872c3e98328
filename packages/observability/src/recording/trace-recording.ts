import type { ExecutionEvent } from '@certoai/loom-core';
import type { ResolvedRecorderOptions } from '../execution-trace-recorder-options.js';
import type { EvictedTrace, TraceStore } from '../store/trace-store.js';
import { EventBuffer } from './event-buffer.js';
import { ExecutionTrace, type FoldOutcome, type TraceSurroundings } from './execution-trace.js';
import type { OpenTrace } from './open-trace.js';
import { LossLedger, type TraceLoss } from './trace-loss.js';
import { TraceWriter } from './trace-writer.js';
import { TurnBudget } from './turn-budget.js';

/** Executions remembered as removed, and as damaged by a full buffer; beyond them the oldest are forgotten. */
const maxRemembered = 10_000;
/** Looking at the time costs about as much as folding an event. */
const eventsPerLook = 32;

/**
 * The way of an event into a store. {@link observe} only puts it into a buffer; later turns of the event
 * loop fold it, in slices, into the trace of its execution, and the writer brings what changed to
 * the store. A trace stays open here until its execution is finished and written. One that is not open
 * is read back from the store before its first event is folded.
 */
export class TraceRecording implements AsyncDisposable {
  readonly store: TraceStore;
  readonly #options: ResolvedRecorderOptions;
  readonly #surroundings: TraceSurroundings;
  readonly #maxBufferedEvents: number;
  readonly #losses: LossLedger;
  readonly #buffer = new EventBuffer();
  /** Observed and not folded yet, in the buffer or waiting for the store. */
  #held = 0;
  /** Taken from the buffer, ever. */
  #taken = 0;
  #armed = false;
  readonly #open = new Map<string, OpenTrace>();
  /** Spans of open traces. */
  #spans = 0;
  /** Nothing could be closed to make room, and nothing was written since. */
  #crammed = false;
  /** Open traces with waiting events, and of them those whose turn has come. */
  readonly #waiting = new Set<OpenTrace>();
  readonly #ready: OpenTrace[] = [];
  readonly #removed = new Set<string>();
  /** Executions of which events were dropped before they got anywhere. */
  readonly #damaged = new Set<string>();
  #newDamage = false;
  readonly #writer: TraceWriter;
  #flushes: { readonly upTo: number; readonly resolve: () => void }[] = [];
  #closing: Promise<void> | undefined;

  constructor(store: TraceStore, options: ResolvedRecorderOptions) {
    this.store = store;
    this.#options = options;
    this.#maxBufferedEvents = options.maxBufferedEvents;
    this.#losses = new LossLedger(options.logger);
    this.#surroundings = {
      kept: options.kept,
      // So that one execution cannot keep all others out.
      maxSpans: Math.max(1, Math.floor(options.maxSpans / 2)),
      admit: () => this.#admit(),
    };
    this.#writer = new TraceWriter(store, {
      evicted: (traces) => traces.forEach((trace) => this.#evicted(trace)),
      lost: (records, error) => this.#losses.countAndReport('unwrittenRecords', records, error),
      written: (open) => this.#written(open),
    });
  }

  observe(event: ExecutionEvent): void {
    if (isProgress(event)) return;
    if (this.#held >= this.#maxBufferedEvents || this.#closing !== undefined) return this.#drop(event);
    this.#held += 1;
    this.#buffer.push(event);
    if (!this.#armed) this.#arm();
  }

  loss(): TraceLoss {
    return this.#losses.counts;
  }

  /** Resolves when everything observed before is in the store or counted as lost. Never rejects. */
  async flush(): Promise<void> {
    const upTo = this.#taken + this.#buffer.size;
    if (!this.#isFolded(upTo)) await new Promise<void>((resolve) => this.#flushes.push({ upTo, resolve }));
    await this.#writer.written();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.flush();
    this.#open.clear();
    await this.store.close();
  }

  // Folding

  #arm(): void {
    this.#armed = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#armed = false;
    const budget = new TurnBudget();
    let more = true;
    while (more && !budget.exhausted) {
      for (let events = 0; more && events < eventsPerLook; events++) more = this.#step();
    }
    this.#markDamaged();
    this.#writer.start();
    this.#resolveFlushes();
    if (more) this.#arm();
  }

  /** Deals with one event. @returns false when there is none */
  #step(): boolean {
    const ready = this.#ready[0];
    if (ready?.waiting !== undefined && ready.waiting.size > 0) {
      this.#fold(ready, ready.waiting.shift());
      return true;
    }
    if (ready !== undefined) {
      ready.waiting = undefined;
      this.#waiting.delete(ready);
      this.#ready.shift();
      return true;
    }
    if (this.#buffer.size === 0) return false;
    this.#taken += 1;
    this.#route(this.#buffer.shift());
    return true;
  }

  #route(event: ExecutionEvent): void {
    const id = executionOf(event);
    if (id === undefined) {
      this.#held -= 1;
      return this.#losses.countAndReport('malformedEvents', 1);
    }
    const open = this.#open.get(id) ?? this.#openTrace(id);
    if (open === undefined) {
      this.#held -= 1;
      remember(this.#damaged, id);
      return this.#losses.countAndReport('droppedEvents', 1);
    }
    if (open.waiting === undefined) this.#fold(open, event);
    else open.waiting.push(event);
  }

  #fold(open: OpenTrace, event: ExecutionEvent): void {
    this.#held -= 1;
    open.lastUsed = this.#taken;
    // First, so that it is not closed to make room for itself.
    this.#writer.add(open);
    const outcome = this.#outcome(open, event);
    if (outcome === 'malformed') this.#losses.countAndReport('malformedEvents', 1);
    if (outcome !== 'no-room') return;
    this.#losses.countAndReport('droppedEvents', 1);
    open.trace?.markSpansMissing();
  }

  #outcome({ trace }: OpenTrace, event: ExecutionEvent): FoldOutcome {
    try {
      return trace?.fold(event) ?? 'malformed';
    } catch {
      // An error record with a getter that throws, for one.
      return 'malformed';
    }
  }

  // Open traces

  /** @returns undefined when its execution was removed, or there is no room */
  #openTrace(executionId: string): OpenTrace | undefined {
    if (this.#removed.has(executionId)) return undefined;
    if (this.#open.size >= this.#options.maxExecutions && !this.#makeRoom()) return undefined;
    const openedAt = this.#taken;
    const waiting = new EventBuffer();
    const open: OpenTrace = {
      executionId,
      trace: undefined,
      waiting,
      openedAt,
      lastUsed: openedAt,
      queued: false,
      writing: false,
      gone: false,
    };
    this.#open.set(executionId, open);
    this.#waiting.add(open);
    void this.#lookUp(open);
    return open;
  }

  /** Begins where the store stands. Never rejects. */
  async #lookUp(open: OpenTrace): Promise<void> {
    let trace: ExecutionTrace;
    try {
      const spans = await this.store.spans(open.executionId);
      trace = ExecutionTrace.from(open.executionId, spans, this.#surroundings);
    } catch (error) {
      this.#losses.report('unwrittenRecords', error);
      trace = new ExecutionTrace(open.executionId, this.#surroundings);
      trace.markSpansMissing();
    }
    if (open.gone) return;
    open.trace = trace;
    this.#spans += trace.spans;
    this.#markIfDamaged(open);
    this.#ready.push(open);
    if (!this.#armed) this.#arm();
  }

  #admit(): boolean {
    if (this.#spans >= this.#options.maxSpans && !this.#makeRoom()) return false;
    this.#spans += 1;
    return true;
  }

  /** Closes traces that are written and were not used for the longest time; the store has them. */
  #makeRoom(): boolean {
    if (this.#crammed) return false;
    const { maxExecutions, maxSpans } = this.#options;
    const idle = [...this.#open.values()].filter(
      ({ queued, writing, waiting }) => !queued && !writing && waiting === undefined,
    );
    idle.sort((left, right) => left.lastUsed - right.lastUsed);
    for (const open of idle) {
      this.#closeTrace(open);
      // Some more than needed, so that this is not done for every event.
      if (this.#open.size < maxExecutions * 0.9 && this.#spans < maxSpans * 0.9) break;
    }
    this.#crammed = this.#open.size >= maxExecutions || this.#spans >= maxSpans;
    return !this.#crammed;
  }

  #closeTrace(open: OpenTrace): void {
    this.#open.delete(open.executionId);
    this.#spans -= open.trace?.spans ?? 0;
    open.gone = true;
    this.#crammed = false;
  }

  #written(open: OpenTrace): void {
    this.#crammed = false;
    const { trace, waiting, queued, gone } = open;
    if (trace?.finished === true && waiting === undefined && !queued && !gone) this.#closeTrace(open);
  }

  #evicted({ executionId, spans }: EvictedTrace): void {
    this.#losses.count('evictedExecutions', 1);
    this.#losses.count('evictedSpans', spans);
    remember(this.#removed, executionId);
    const open = this.#open.get(executionId);
    if (open === undefined) return;
    const lost = open.waiting?.size ?? 0;
    this.#held -= lost;
    if (lost > 0) this.#losses.countAndReport('droppedEvents', lost);
    open.waiting = undefined;
    this.#waiting.delete(open);
    const place = this.#ready.indexOf(open);
    if (place >= 0) this.#ready.splice(place, 1);
    this.#closeTrace(open);
  }

  // Flushing

  #isFolded(upTo: number): boolean {
    if (this.#taken < upTo) return false;
    for (const { openedAt } of this.#waiting) if (openedAt <= upTo) return false;
    return true;
  }

  #resolveFlushes(): void {
    if (this.#flushes.length === 0) return;
    const left = this.#flushes.filter(({ upTo }) => !this.#isFolded(upTo));
    const done = this.#flushes.filter(({ upTo }) => this.#isFolded(upTo));
    this.#flushes = left;
    for (const { resolve } of done) resolve();
  }

  // Losses

  #drop(event: ExecutionEvent): void {
    this.#losses.count('droppedEvents', 1);
    const id = executionOf(event);
    if (id === undefined || this.#closing !== undefined) return;
    remember(this.#damaged, id);
    this.#newDamage = true;
  }

  /** The buffer was full: the traces that miss something say so. */
  #markDamaged(): void {
    if (!this.#newDamage) return;
    this.#newDamage = false;
    this.#losses.report('droppedEvents');
    for (const id of this.#damaged) this.#markIfDamaged(this.#open.get(id));
  }

  #markIfDamaged(open: OpenTrace | undefined): void {
    if (open?.trace === undefined || !this.#damaged.delete(open.executionId)) return;
    open.trace.markSpansMissing();
    this.#writer.add(open);
  }
}

/** Its value is the user's data, and is never kept. */
function isProgress(event: ExecutionEvent): boolean {
  try {
    return event?.type === 'task:progressed';
  } catch {
    return false;
  }
}

/** `undefined` for what is no event. Nothing an event does may be thrown at who observes. */
function executionOf(event: ExecutionEvent): string | undefined {
  try {
    const id: unknown = event?.executionId;
    return typeof id === 'string' && id !== '' ? id : undefined;
  } catch {
    return undefined;
  }
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  if (ids.size <= maxRemembered) return;
  for (const oldest of ids) {
    ids.delete(oldest);
    return;
  }
}
