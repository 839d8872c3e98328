import type { ExecutionEvent } from '@certoai/loom-core';
import { criticalChain } from '../analysis/critical-chain.js';
import type { Draft } from '../internal/draft.js';
import type { ExecutionSpan, SpanAttributes } from '../span/execution-span.js';
import type { SpanSeed } from '../span/trace-ids.js';
import { parseTraceparent } from '../span/traceparent.js';
import type { ExecutionSummary, StageSummary } from '../summary/execution-summary.js';
import type { ApprovalRecord } from './approval-record.js';
import { keptDecisions } from './attempt-extras.js';
import type { AttemptEnd } from './attempt-record.js';
import type { KeptValues } from './kept-values.js';
import { RootRecord } from './root-record.js';
import { StageRecord, type StageEnd, type StageOwner, type WorkKind } from './stage-record.js';
import { sumOfWork } from './sum-of-work.js';
import { isWellFormed } from './well-formed.js';

/** What a trace needs from who records it. */
export interface TraceSurroundings {
  readonly kept: KeptValues;
  /** Most spans of this execution. */
  readonly maxSpans: number;
  /** Whether there is room for one more span; called before each is made, the root's apart. */
  readonly admit: () => boolean;
}

/** `no-room`: the event needs a span that cannot be had; fold it again later, or drop it. `malformed`: it is no event of the port. */
export type FoldOutcome = 'folded' | 'no-room' | 'malformed';

/** What an event may say beside what the port asks of it. */
interface Extras {
  readonly attributes?: unknown;
  /** On `execution:started` and `execution:resumed`: the W3C `traceparent` the execution was started under. */
  readonly traceparent?: unknown;
}

type Event<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { readonly type: Type }>;
type TaskEndEvent = Event<
  'task:completed' | 'task:failed' | 'task:cancelled' | 'compensation:completed' | 'compensation:failed'
>;
type TaskEvent = Event<'task:started' | 'compensation:started'> | TaskEndEvent;
type ApprovalEvent = Event<`approval:${string}` & ExecutionEvent['type']>;
type StageEvent = Event<`stage:${string}` & ExecutionEvent['type']>;

/**
 * One execution while it is recorded: takes events, gives the spans that changed and a summary of all.
 * The same events lead to the same spans in whatever order and however often they come, so a duplicate
 * or a straggler does no harm; a stored trace is taken up again with {@link ExecutionTrace.from}.
 */
export class ExecutionTrace implements StageOwner {
  readonly executionId: string;
  readonly #surroundings: TraceSurroundings;
  readonly #stages = new Map<string, StageRecord>();
  /** Stages with something to write. */
  #changed: StageRecord[] = [];
  #root: RootRecord;
  #spans = 1;

  constructor(executionId: string, surroundings: TraceSurroundings) {
    this.executionId = executionId;
    this.#surroundings = surroundings;
    this.#root = new RootRecord(executionId);
  }

  /** A trace that was stored, to go on with. Its spans may come in any order. */
  static from(
    executionId: string,
    spans: readonly ExecutionSpan[],
    surroundings: TraceSurroundings,
  ): ExecutionTrace {
    const trace = new ExecutionTrace(executionId, surroundings);
    trace.#revive(spans);
    return trace;
  }

  get finished(): boolean {
    return this.#root.endedAt !== undefined;
  }

  get spans(): number {
    return this.#spans;
  }

  /** Has as many spans as one execution may have, whatever room there is. */
  get full(): boolean {
    return this.#spans >= this.#surroundings.maxSpans;
  }

  get hasChanges(): boolean {
    return this.#root.isChanged || this.#changed.length > 0;
  }

  // As the owner of its stages

  get traceId(): string {
    return this.#root.traceId;
  }

  get rootSpanId(): string {
    return this.#root.spanId;
  }

  get rootSeed(): SpanSeed {
    return this.#root.seed;
  }

  admit(): boolean {
    if (this.full || !this.#surroundings.admit()) return false;
    this.#spans += 1;
    return true;
  }

  changed(stage: StageRecord): void {
    this.#changed.push(stage);
  }

  // As a whole

  markSpansMissing(): void {
    this.#root.markSpansMissing();
  }

  fold(event: ExecutionEvent): FoldOutcome {
    if (!isWellFormed(event)) return 'malformed';
    switch (event.type) {
      case 'execution:started':
      case 'execution:resumed':
      case 'execution:paused':
      case 'execution:finished':
        return this.#foldExecution(event);
      case 'stage:started':
      case 'stage:completed':
      case 'stage:failed':
      case 'stage:skipped':
      case 'stage:cancelled':
        return this.#foldStage(event);
      case 'task:started':
      case 'task:completed':
      case 'task:failed':
      case 'task:cancelled':
        return this.#foldTask(event, 'attempt');
      case 'compensation:started':
      case 'compensation:completed':
      case 'compensation:failed':
        return this.#foldTask(event, 'compensation');
      case 'task:decided':
        return this.#foldDecision(event);
      case 'approval:requested':
      case 'approval:escalated':
      case 'approval:decided':
        return this.#foldApproval(event);
      case 'breaker:checked':
        return this.#foldBreakerCheck(event);
      case 'task:progressed':
        // Its value is the user's data.
        return 'folded';
    }
  }

  /** Up to `size` spans that changed since they were taken last; none when there are no more. */
  takeChanged(size: number): ExecutionSpan[] {
    const batch: ExecutionSpan[] = [];
    if (this.#root.isChanged) {
      this.#root.isChanged = false;
      batch.push(this.#root.toSpan());
    }
    let stage = this.#changed.at(-1);
    while (stage !== undefined && batch.length < size) {
      if (stage.takeChanged(batch, size)) this.#changed.pop();
      stage = this.#changed.at(-1);
    }
    return batch;
  }

  summary(): ExecutionSummary {
    const root = this.#root.toSpan();
    const stages: StageSummary[] = [];
    let { lastAt: lastEventAt } = this.#root;
    let partial = this.#root.startMissing || this.#root.spansMissing;
    for (const stage of this.#stages.values()) {
      stages.push(stage.toSummary());
      lastEventAt = Math.max(lastEventAt, stage.lastAt);
      partial ||= stage.partial;
    }
    const { executionId, traceId, tags, status, startedAt, endedAt = lastEventAt } = root;
    const summary: Draft<ExecutionSummary> = {
      executionId,
      traceId,
      tags,
      status,
      startedAt,
      lastEventAt,
      durationMs: endedAt - startedAt,
      ...sumOfWork(stages),
      stages,
      criticalPath: criticalStages(stages, startedAt, endedAt),
      partial,
    };
    if (root.endedAt !== undefined) summary.endedAt = root.endedAt;
    if (root.name !== undefined) summary.name = root.name;
    if (root.error !== undefined) summary.error = root.error;
    return summary;
  }

  #foldExecution(event: Event<`execution:${string}` & ExecutionEvent['type']>): FoldOutcome {
    // What is the user's own is read first, here and below: a getter that throws must leave nothing half done.
    const attributes = this.#attributesOf(event);
    const root = this.#root;
    switch (event.type) {
      case 'execution:started':
        root.started(event.at, event.name, this.#surroundings.kept.tags(event.tags));
        this.#startedUnder((event as Extras).traceparent);
        break;
      case 'execution:paused':
        root.paused(event.at);
        break;
      case 'execution:resumed':
        if (event.reason === 'recovered') root.recovered(event.at);
        else root.resumed(event.at);
        this.#startedUnder((event as Extras).traceparent);
        break;
      case 'execution:finished':
        this.#finish(event);
    }
    root.seen(event.at);
    root.addAttributes(attributes);
    return 'folded';
  }

  /** Every span says the trace id, so those that were written before it was known are written again. */
  #startedUnder(traceparent: unknown): void {
    const parent = parseTraceparent(traceparent);
    if (parent === undefined || !this.#root.startedUnder(parent)) return;
    for (const stage of this.#stages.values()) stage.touchAll();
  }

  #finish({ at, status, error }: Event<'execution:finished'>): void {
    if (status === 'running' || status === 'paused') return;
    this.#root.finished({ at, status, error: error && this.#surroundings.kept.error(error) });
    const { endedAt } = this.#root;
    if (endedAt === undefined) return;
    for (const stage of this.#stages.values()) stage.executionEnded(endedAt);
  }

  #foldStage(event: StageEvent): FoldOutcome {
    const attributes = this.#attributesOf(event);
    const end = event.type === 'stage:started' ? undefined : this.#stageEnd(event);
    const stage = this.#stage(event.stage);
    if (stage === undefined) return 'no-room';
    this.#root.seen(event.at);
    if (event.type === 'stage:started') stage.started(event.at, event.tasks);
    if (end !== undefined) stage.ended(end, event.type === 'stage:completed' ? event.tasks : undefined);
    stage.addAttributes(attributes);
    return 'folded';
  }

  #stageEnd(event: Exclude<StageEvent, { readonly type: 'stage:started' }>): StageEnd {
    const { at } = event;
    switch (event.type) {
      case 'stage:completed':
        return { at, status: 'completed' };
      case 'stage:failed':
        return { at, status: 'failed', error: this.#surroundings.kept.error(event.error) };
      case 'stage:skipped':
        return { at, status: 'skipped' };
      case 'stage:cancelled':
        return { at, status: 'cancelled' };
    }
  }

  #foldTask(event: TaskEvent, kind: WorkKind): FoldOutcome {
    const attributes = this.#attributesOf(event);
    const end = 'durationMs' in event ? this.#attemptEnd(event) : undefined;
    const stage = this.#stage(event.stage);
    if (stage === undefined) return 'no-room';
    this.#root.seen(end === undefined ? event.at : end.at - end.durationMs);
    const taken =
      end === undefined
        ? stage.attemptStarted(event, attributes, kind)
        : stage.attemptEnded(end, event, attributes, kind);
    return taken ? 'folded' : 'no-room';
  }

  #foldDecision(event: Event<'task:decided'>): FoldOutcome {
    const { token, number } = event;
    const decision = this.#surroundings.kept.decision(event.decision, number < keptDecisions);
    const stage = this.#stage(event.stage);
    if (stage === undefined) return 'no-room';
    this.#root.seen(event.at);
    return stage.decided(event, { token, number, ...decision }) ? 'folded' : 'no-room';
  }

  #foldBreakerCheck({ at, state, passed, index, attempt, ...event }: Event<'breaker:checked'>): FoldOutcome {
    const breaker = this.#surroundings.kept.name(event.breaker);
    const stage = this.#stage(event.stage);
    if (stage === undefined) return 'no-room';
    this.#root.seen(at);
    const of = index === undefined || attempt === undefined ? undefined : { index, attempt };
    return stage.breakerChecked({ at, breaker, state, passed }, of) ? 'folded' : 'no-room';
  }

  #foldApproval(event: ApprovalEvent): FoldOutcome {
    const change = this.#approvalChange(event);
    const stage = this.#stage(event.stage);
    if (stage === undefined) return 'no-room';
    this.#root.seen(event.at);
    const record = stage.approval(event, event.at);
    if (record === undefined) return 'no-room';
    change(record);
    return 'folded';
  }

  #approvalChange(event: ApprovalEvent): (record: ApprovalRecord) => void {
    const { kept } = this.#surroundings;
    const { at } = event;
    switch (event.type) {
      case 'approval:requested': {
        const what = kept.approvalOf(event.what);
        return (record) => record.requested(at, what);
      }
      case 'approval:escalated': {
        const to = kept.person(event.to);
        return (record) => record.escalated(to === undefined ? { at } : { at, to });
      }
      case 'approval:decided': {
        const decision = kept.approvalDecision(event);
        return (record) => record.decided(decision);
      }
    }
  }

  #attemptEnd(event: TaskEndEvent): AttemptEnd {
    const { token, queuedMs } = event;
    // Negative when the clock was set back meanwhile: then it ended when it began.
    const durationMs = Math.max(0, event.durationMs);
    const at = event.at + durationMs - event.durationMs;
    const { kept } = this.#surroundings;
    const worker = event.worker === undefined ? undefined : kept.name(event.worker);
    switch (event.type) {
      case 'task:completed':
      case 'compensation:completed':
        return { at, token, durationMs, status: 'completed', queuedMs, worker };
      case 'task:cancelled':
        return { at, token, durationMs, status: 'cancelled', queuedMs, worker };
      case 'task:failed':
      case 'compensation:failed': {
        const error = kept.error(event.error);
        const willRetry = event.willRetry === true;
        const retryDelayMs = event.delayMs;
        return { at, token, durationMs, status: 'failed', queuedMs, worker, error, willRetry, retryDelayMs };
      }
    }
  }

  #attributesOf(event: ExecutionEvent): SpanAttributes | undefined {
    const { attributes } = event as Extras;
    return attributes === undefined ? undefined : this.#surroundings.kept.attributes(attributes);
  }

  #stage(id: string): StageRecord | undefined {
    const known = this.#stages.get(id);
    if (known !== undefined) return known;
    return this.admit() ? this.#addStage(id, this.#stages.size) : undefined;
  }

  #revive(spans: readonly ExecutionSpan[]): void {
    const root = spans.find((span) => span.kind === 'execution');
    if (root !== undefined) this.#root = RootRecord.from(root);
    const stages = spans
      .filter((span) => span.kind === 'stage')
      .sort((left, right) => left.position - right.position);
    for (const span of stages) this.#addStage(span.stage, span.position).revive(span);
    for (const span of spans) {
      if (span.kind === 'execution' || span.kind === 'stage') continue;
      // Without its stage when that one's span was lost.
      const stage = this.#stages.get(span.stage) ?? this.#addStage(span.stage, this.#stages.size);
      if (span.kind === 'approval') stage.reviveApproval(span);
      else stage.reviveAttempt(span);
    }
    for (const stage of this.#stages.values()) {
      stage.revived();
      this.#spans += stage.spans;
    }
  }

  #addStage(id: string, position: number): StageRecord {
    const stage = new StageRecord(this, id, position, this.#root.endedAt);
    this.#stages.set(id, stage);
    return stage;
  }
}

function criticalStages(
  stages: readonly StageSummary[],
  from: number,
  to: number,
): ExecutionSummary['criticalPath'] {
  const periods = stages.map(({ stage, startedAt, durationMs }) => ({
    stage,
    startedAt,
    durationMs,
    endedAt: startedAt + durationMs,
  }));
  return criticalChain(periods, from, to).map(({ stage, startedAt, durationMs }) => ({
    stage,
    startedAt,
    durationMs,
  }));
}
