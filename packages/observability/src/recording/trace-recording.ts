import type { ExecutionEvent } from '@certoai/loom-core';
import type { ResolvedRecorderOptions } from '../execution-trace-recorder-options.js';
import type { TraceStore } from '../store/trace-store.js';
import { EventBuffer } from './event-buffer.js';
import type { FoldOutcome } from './execution-trace.js';
import type { OpenTrace } from './open-trace.js';
import { OpenTraces } from './open-traces.js';
import { LossLedger, type TraceLoss } from './trace-loss.js';
import { TraceWriter } from './trace-writer.js';
import { TurnBudget } from './turn-budget.js';

/** Looking at the time costs about as much as folding an event. */
const eventsPerLook = 32;

type Step = 'done' | 'nothing-left' | 'stalled';

/**
 * The way of an event into a store. {@link observe} only puts it into a buffer; later turns of the event
 * loop fold it, in slices, into the trace of its execution, and the writer brings what changed to the
 * store. When there is no room for a trace or a span, folding waits for the writer and the buffer fills
 * up; what the buffer cannot take is dropped.
 */
export class TraceRecording implements AsyncDisposable {
  readonly store: TraceStore;
  readonly #ownsStore: boolean;
  readonly #maxBufferedEvents: number;
  readonly #losses: LossLedger;
  readonly #traces: OpenTraces;
  readonly #writer: TraceWriter;
  readonly #buffer = new EventBuffer();
  /** Observed and not folded yet: in the buffer, or waiting for the store to say what it knows. */
  #held = 0;
  /** Taken from the buffer, ever. */
  #taken = 0;
  #armed = false;
  #stalled = false;
  /** How many traces had been closed when waiting for room was of no use. */
  #gaveUpAt = -1;
  /** Open traces with events that came before the store had answered, and of them those whose turn has come. */
  readonly #waiting = new Set<OpenTrace>();
  readonly #ready: OpenTrace[] = [];
  /** Executions of which events were dropped since the last turn. */
  readonly #torn = new Set<string>();
  #flushes: { readonly upTo: number; readonly resolve: () => void }[] = [];
  #closing: Promise<void> | undefined;

  /** @param ownsStore - closes the store with itself. @default true */
  constructor(store: TraceStore, options: ResolvedRecorderOptions, ownsStore = true) {
    this.store = store;
    this.#ownsStore = ownsStore;
    this.#maxBufferedEvents = options.maxBufferedEvents;
    this.#losses = new LossLedger(options.logger);
    this.#traces = new OpenTraces(store, options, this.#losses, (open) => {
      this.#ready.push(open);
      this.#arm();
    });
    this.#writer = new TraceWriter(store, {
      evicted: (traces) => {
        for (const trace of traces) this.#letGo(this.#traces.evicted(trace));
      },
      lost: (records, error) => this.#losses.countAndReport('unwrittenRecords', records, error),
      unfolded: (open, trace) => this.#traces.unfolded(open, trace),
      written: (open) => this.#traces.written(open),
      rested: () => {
        if (this.#stalled) this.#arm();
      },
    });
  }

  observe(event: ExecutionEvent): void {
    if (isProgress(event)) return;
    if (this.#held >= this.#maxBufferedEvents || this.#closing !== undefined) return this.#tear(event);
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
    this.#traces.clear();
    if (this.#ownsStore) await this.store.close();
  }

  // Turns

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#armed = false;
    const budget = new TurnBudget();
    let step: Step = 'done';
    while (step === 'done' && !budget.exhausted) {
      for (let events = 0; step === 'done' && events < eventsPerLook; events++) step = this.#step();
    }
    this.#markTorn();
    // Whoever ends the stall arms the next turn: the writer when it rests, or the store when it answers.
    this.#stalled = step === 'stalled';
    this.#writer.start(this.#traces.underPressure);
    this.#resolveFlushes();
    if (step === 'done') this.#arm();
  }

  /** Deals with one event. */
  #step(): Step {
    const [ready] = this.#ready;
    if (ready !== undefined) return this.#stepWaiting(ready);
    if (this.#buffer.size === 0) return 'nothing-left';
    if (!this.#route(this.#buffer.first())) return 'stalled';
    this.#buffer.removeFirst();
    this.#taken += 1;
    return 'done';
  }

  #stepWaiting(open: OpenTrace): Step {
    if (open.waiting === undefined || open.waiting.size === 0) {
      open.waiting = undefined;
      this.#waiting.delete(open);
      this.#ready.shift();
      return 'done';
    }
    if (!this.#fold(open, open.waiting.first())) return 'stalled';
    open.waiting.removeFirst();
    return 'done';
  }

  /** @returns false when it must wait for room */
  #route(event: ExecutionEvent): boolean {
    const id = executionOf(event);
    if (id === undefined) {
      this.#lose('malformedEvents');
      return true;
    }
    const open = this.#traces.get(id) ?? this.#open(id);
    if (open === 'wait') return false;
    if (open === 'drop') return true;
    if (open.waiting === undefined) return this.#fold(open, event);
    open.waiting.push(event);
    return true;
  }

  #open(executionId: string): OpenTrace | 'wait' | 'drop' {
    const removed = this.#traces.isRemoved(executionId);
    const open = removed ? undefined : this.#traces.open(executionId, this.#taken + 1);
    if (open !== undefined) {
      if (open.waiting !== undefined) this.#waiting.add(open);
      return open;
    }
    if (!removed && (this.#mayGetRoom() || this.#traces.lookingUp > 0)) return 'wait';
    if (!removed) this.#gaveUpAt = this.#traces.closed;
    this.#lose('droppedEvents');
    this.#traces.damage(executionId);
    return 'drop';
  }

  /** @returns false when it must wait for room */
  #fold(open: OpenTrace, event: ExecutionEvent): boolean {
    const { trace } = open;
    if (trace === undefined) return true;
    open.inUse = true;
    const noted = foldSafely<FoldOutcome | 'outgrown'>(trace, event);
    const outcome =
      noted === 'outgrown' ? foldSafely<FoldOutcome>(this.#traces.unfolded(open, trace), event) : noted;
    open.inUse = false;
    open.lastUsed = this.#taken;
    switch (outcome) {
      case 'malformed':
        this.#lose('malformedEvents');
        return true;
      case 'no-room':
        if (!trace.full && this.#mayGetRoom()) return false;
        if (!trace.full) this.#gaveUpAt = this.#traces.closed;
        this.#lose('droppedEvents');
        this.#traces.unfolded(open, trace).markSpansMissing();
        break;
      case 'folded':
        this.#held -= 1;
    }
    this.#writer.add(open);
    return true;
  }

  /** The writer may make room; when it did not, nothing but the end of another trace will. */
  #mayGetRoom(): boolean {
    return this.#writer.busy && this.#traces.closed !== this.#gaveUpAt;
  }

  /** Nothing more is recorded of it. */
  #letGo(open: OpenTrace | undefined): void {
    if (open?.waiting === undefined) return;
    for (let left = open.waiting.size; left > 0; left--) this.#lose('droppedEvents');
    open.waiting = undefined;
    this.#waiting.delete(open);
    const place = this.#ready.indexOf(open);
    if (place >= 0) this.#ready.splice(place, 1);
  }

  // Flushing

  #isFolded(upTo: number): boolean {
    if (this.#taken < upTo) return false;
    for (const { openedAt } of this.#waiting) if (openedAt <= upTo) return false;
    return true;
  }

  #resolveFlushes(): void {
    if (this.#flushes.length === 0) return;
    const done = this.#flushes.filter(({ upTo }) => this.#isFolded(upTo));
    this.#flushes = this.#flushes.filter(({ upTo }) => !this.#isFolded(upTo));
    for (const { resolve } of done) resolve();
  }

  // Losses

  /** An event that was held is not any more. */
  #lose(kind: 'droppedEvents' | 'malformedEvents'): void {
    this.#held -= 1;
    this.#losses.countAndReport(kind, 1);
  }

  /** An event that is not even taken. The caller is at work on something else: the rest comes later. */
  #tear(event: ExecutionEvent): void {
    this.#losses.count('droppedEvents', 1);
    const id = executionOf(event);
    if (id !== undefined && this.#closing === undefined) this.#torn.add(id);
  }

  /** The buffer was full: the traces that miss something say so. */
  #markTorn(): void {
    if (this.#torn.size === 0) return;
    this.#losses.report('droppedEvents');
    for (const id of this.#torn) {
      const open = this.#traces.damage(id);
      if (open !== undefined) this.#writer.add(open);
    }
    this.#torn.clear();
  }
}

function foldSafely<Outcome>(
  trace: { fold(event: ExecutionEvent): Outcome },
  event: ExecutionEvent,
): Outcome | 'malformed' {
  try {
    return trace.fold(event);
  } catch {
    // An error record with a getter that throws, for one.
    return 'malformed';
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
