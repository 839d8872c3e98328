import type { ErrorRecord, ExecutionEvent } from '@certoai/loom-core';
import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { OpenTelemetryApi } from '../internal/open-telemetry-api.js';
import type { KeptValues } from '../recording/kept-values.js';
import {
  approvalSeed,
  attemptSeed,
  compensationSeed,
  rootSeed,
  spanIdOf,
  stageSeed,
  traceIdOf,
  type SpanSeed,
} from '../span/trace-ids.js';
import { parseTraceparent, spanContextOf, type SpanAddress, type TraceParent } from '../span/traceparent.js';
import { AttemptNotes, type SpanPoint } from './attempt-notes.js';
import type { LoomIdGenerator } from './loom-id-generator.js';

/** What the spans of all executions are made with. */
export interface SpanSurroundings {
  readonly api: OpenTelemetryApi;
  readonly tracer: Tracer;
  readonly ids: LoomIdGenerator | undefined;
  readonly kept: KeptValues;
}

type Event<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { readonly type: Type }>;
export type TaskStart = Event<'task:started' | 'compensation:started'>;
export type TaskEnd = Event<
  'task:completed' | 'task:failed' | 'task:cancelled' | 'compensation:completed' | 'compensation:failed'
>;
type ApprovalEvent = Event<`approval:${string}` & ExecutionEvent['type']>;
type StageEnd = Event<'stage:completed' | 'stage:failed' | 'stage:skipped' | 'stage:cancelled'>;

/** A span that has not ended, or whose children may still come. */
interface OpenSpan {
  readonly span: Span;
  /** In which its children are started. */
  readonly context: Context;
}

interface OpenStage extends OpenSpan {
  /** From which the ids of its attempts follow. */
  readonly seed: SpanSeed;
  endedAt: number | undefined;
  /** Hand-outs whose end has not been seen, by {@link keyOf}. It may be seen after that of the stage. */
  readonly handOuts: Map<string, TaskStart[]>;
  /** What else was seen of those, and of attempts that are to be handed out. */
  readonly notes: Map<string, AttemptNotes>;
  /** The failed attempt that the next one of a task follows, by {@link taskOf}. */
  readonly failed: Map<string, SpanContext>;
  /** By id; undefined for one that is over. */
  readonly approvals: Map<string, Span | undefined>;
}

/**
 * The spans of one execution in this process. Execution and stages are started when they start, because
 * children need them; an attempt is made when it ends, because only then it is known when it began.
 */
export class ExecutionSpans {
  readonly executionId: string;
  readonly #with: SpanSurroundings;
  readonly #traceId: string;
  readonly #seed: SpanSeed;
  readonly #root: OpenSpan;
  readonly #stages = new Map<string, OpenStage>();
  #lastAt: number;

  /** @param begun - its own event; without one it is unknown when and where it began */
  constructor(
    executionId: string,
    at: number,
    surroundings: SpanSurroundings,
    begun: { readonly traceparent: unknown; readonly started?: Event<'execution:started'> | undefined },
  ) {
    this.executionId = executionId;
    this.#with = surroundings;
    this.#lastAt = at;
    const parent = parseTraceparent(begun.traceparent);
    const own = traceIdOf(executionId);
    this.#traceId = parent?.traceId ?? own;
    this.#seed = rootSeed(own);
    const { started } = begun;
    const tags = started === undefined ? [] : surroundings.kept.tags(started.tags);
    const context = parentContext(surroundings.api, parent);
    const span = this.#start(
      this.#seed,
      started?.name === undefined ? 'execution' : `execution ${surroundings.kept.name(started.name)}`,
      at,
      {
        'loom.execution.id': executionId,
        ...(started?.name !== undefined && { 'loom.pipeline.name': surroundings.kept.name(started.name) }),
        ...(tags.length > 0 && { 'loom.execution.tags': [...tags] }),
        ...(started === undefined && { 'loom.partial': true }),
      },
      context,
    );
    this.#root = { span, context: surroundings.api.trace.setSpan(context, span) };
  }

  /** Its ids follow from names, so that every process has the same. */
  get derived(): boolean {
    return this.#root.span.spanContext().spanId === spanIdOf(this.#seed);
  }

  /** Of the span that `address` names, or where its id is not known before it is made, of the innermost one around it. */
  traceparent(address: SpanAddress): string {
    const { traceId, spanId, traceFlags } = this.#root.span.spanContext();
    const stage = address.stage === undefined ? undefined : this.#stages.get(address.stage);
    const around = stage?.span.spanContext().spanId ?? spanId;
    const id = this.derived ? spanContextOf(address, undefined).spanId : around;
    return `00-${traceId}-${id}-0${traceFlags & 1}`;
  }

  happened(name: string, at: number, attributes: Attributes = {}): void {
    this.#seen(at);
    this.#root.span.addEvent(name, attributes, timeOf(at));
  }

  finished({ at, status, error }: Event<'execution:finished'>): void {
    for (const stage of this.#stages.values()) {
      if (stage.endedAt === undefined) this.#endStage(stage, at, 'cancelled', undefined);
      this.#endUnreported(stage, at);
    }
    const { span } = this.#root;
    span.setAttribute('loom.execution.status', status);
    if (status === 'failed' || status === 'timed-out')
      span.setStatus({ code: this.#with.api.SpanStatusCode.ERROR });
    this.#end(span, at, status === 'cancelled' ? undefined : error);
  }

  stageStarted({ stage, at, tasks }: Event<'stage:started'>): void {
    this.#seen(at);
    this.#stage(stage, at).span.setAttribute('loom.stage.tasks', tasks);
  }

  stageEnded(event: StageEnd): void {
    const { at, type } = event;
    this.#seen(at);
    const stage = this.#stage(event.stage, at);
    if (stage.endedAt !== undefined) return;
    if (type === 'stage:completed') stage.span.setAttribute('loom.stage.tasks', event.tasks);
    this.#endStage(stage, at, type.slice('stage:'.length), type === 'stage:failed' ? event.error : undefined);
  }

  taskStarted(event: TaskStart): void {
    this.#seen(event.at);
    const { handOuts } = this.#stage(event.stage, event.at);
    const key = keyOf(event);
    const earlier = handOuts.get(key) ?? [];
    handOuts.set(key, [...earlier.slice(-maxHandOuts + 1), event]);
  }

  taskEnded(event: TaskEnd): void {
    const durationMs = Math.max(0, event.durationMs);
    const began = event.at - durationMs;
    const handedOut = began - (event.queuedMs ?? 0);
    this.#seen(event.at);
    const stage = this.#stage(event.stage, handedOut);
    const handOuts = stage.handOuts.get(keyOf(event)) ?? [];
    stage.handOuts.delete(keyOf(event));
    const span = this.#startAttempt(stage, event, handedOut, handOuts);
    span.setAttribute('loom.task.status', event.type.slice(event.type.indexOf(':') + 1));
    if (event.worker !== undefined) span.setAttribute('loom.task.worker', this.#with.kept.name(event.worker));
    if (event.queuedMs !== undefined) {
      span.setAttribute('loom.task.queued_ms', event.queuedMs);
      span.addEvent('loom.task.began', {}, timeOf(began));
    }
    if (event.type !== 'task:failed' && event.type !== 'compensation:failed')
      return this.#end(span, event.at, undefined);
    if (event.willRetry) {
      span.addEvent('loom.task.retry', { 'loom.task.retry_delay_ms': event.delayMs ?? 0 }, timeOf(event.at));
      stage.failed.set(taskOf(event), span.spanContext());
    }
    this.#end(span, event.at, event.error);
  }

  taskDecided(event: Event<'task:decided'>): void {
    this.#seen(event.at);
    notesOf(this.#stage(event.stage, event.at), keyOf(event)).addDecision(event, this.#with.kept);
  }

  breakerChecked({ stage: id, at, breaker, state, passed, index, attempt }: Event<'breaker:checked'>): void {
    this.#seen(at);
    const stage = this.#stage(id, at);
    const point: SpanPoint = {
      name: 'loom.breaker.checked',
      at,
      attributes: {
        'loom.breaker.name': this.#with.kept.name(breaker),
        'loom.breaker.state': state,
        'loom.breaker.passed': passed,
      },
    };
    if (!passed || index === undefined || attempt === undefined) addPoint(stage.span, point);
    else notesOf(stage, keyOf({ type: 'task:started', index, attempt })).addPoint(point);
  }

  approvalChanged(event: ApprovalEvent): void {
    const { approval: id, at } = event;
    this.#seen(at);
    const stage = this.#stage(event.stage, at);
    const isNew = !stage.approvals.has(id);
    const span = isNew ? this.#startApproval(stage, event) : stage.approvals.get(id);
    // Over: it was announced again.
    if (span === undefined) return;
    stage.approvals.set(id, span);
    const { kept } = this.#with;
    switch (event.type) {
      case 'approval:requested':
        return;
      case 'approval:escalated': {
        const to = kept.person(event.to);
        const attributes = to === undefined ? {} : { 'loom.approval.to': to };
        return addPoint(span, { name: 'loom.approval.escalated', at, attributes });
      }
      case 'approval:decided': {
        const { outcome, by, note, edited } = kept.approvalDecision(event);
        span.setAttributes({
          'loom.approval.outcome': outcome,
          ...(by !== undefined && { 'loom.approval.by': by }),
          ...(note !== undefined && { 'loom.approval.note': note }),
          ...(edited !== undefined && { 'loom.approval.edited': edited }),
        });
        stage.approvals.set(id, undefined);
        this.#end(span, at, undefined);
      }
    }
  }

  /** Nothing more is heard of it here. */
  abandon(): void {
    // Whoever goes on with it ends these very spans; a second copy would only confuse.
    if (this.derived) return;
    for (const stage of this.#stages.values()) {
      for (const approval of stage.approvals.values()) if (approval !== undefined) this.#endPartial(approval);
      if (stage.endedAt === undefined) this.#endPartial(stage.span);
      this.#endUnreported(stage, this.#lastAt);
    }
    this.#endPartial(this.#root.span);
  }

  #endPartial(span: Span): void {
    span.setAttribute('loom.partial', true);
    span.end(timeOf(this.#lastAt));
  }

  #stage(id: string, at: number): OpenStage {
    const known = this.#stages.get(id);
    if (known !== undefined) return known;
    const stage = this.#with.kept.name(id);
    const seed = stageSeed(this.#seed, id);
    const span = this.#start(
      seed,
      `stage ${stage}`,
      at,
      { 'loom.execution.id': this.executionId, 'loom.stage.id': stage },
      this.#root.context,
    );
    const context = this.#with.api.trace.setSpan(this.#root.context, span);
    const made: OpenStage = {
      span,
      context,
      seed,
      endedAt: undefined,
      handOuts: new Map(),
      notes: new Map(),
      failed: new Map(),
      approvals: new Map(),
    };
    this.#stages.set(id, made);
    return made;
  }

  #endStage(stage: OpenStage, at: number, status: string, error: ErrorRecord | undefined): void {
    stage.endedAt = at;
    for (const [id, approval] of stage.approvals) {
      if (approval === undefined) continue;
      approval.setAttributes({ 'loom.approval.outcome': 'cancelled', 'loom.approval.unreported': true });
      stage.approvals.set(id, undefined);
      this.#end(approval, at, undefined);
    }
    stage.span.setAttribute('loom.stage.status', status);
    this.#end(stage.span, at, error);
  }

  /** Attempts that have not reported ended with their stage. */
  #endUnreported(stage: OpenStage, at: number): void {
    for (const handOuts of stage.handOuts.values()) {
      const last = handOuts.at(-1);
      if (last === undefined) continue;
      const span = this.#startAttempt(stage, last, last.at, handOuts);
      span.setAttributes({ 'loom.task.status': 'cancelled', 'loom.task.unreported': true });
      this.#end(span, Math.max(stage.endedAt ?? at, last.at), undefined);
    }
    stage.handOuts.clear();
  }

  #startAttempt(
    stage: OpenStage,
    task: TaskStart | TaskEnd,
    at: number,
    handOuts: readonly TaskStart[],
  ): Span {
    const { index, attempt, token } = task;
    const { kept } = this.#with;
    const id = kept.name(task.stage);
    const previous = stage.failed.get(taskOf(task));
    stage.failed.delete(taskOf(task));
    const notes = stage.notes.get(keyOf(task));
    stage.notes.delete(keyOf(task));
    const attributes: Attributes = {
      'loom.execution.id': this.executionId,
      'loom.stage.id': id,
      'loom.task.index': index,
      'loom.task.attempt': attempt,
      'loom.task.token': token,
      'loom.task.actor': kept.name(task.actor),
      ...notes?.attributes,
    };
    const links =
      previous === undefined ? [] : [{ context: previous, attributes: { 'loom.link': 'previous attempt' } }];
    const work = workOf(task);
    const seed = (work === 'task' ? attemptSeed : compensationSeed)(stage.seed, index, attempt);
    const span = this.#start(seed, `${work} ${id}`, at, attributes, stage.context, links);
    for (const point of notes?.points ?? []) addPoint(span, point);
    for (const again of handOuts.slice(0, -1)) {
      span.addEvent('loom.task.lost', { 'loom.task.token': again.token }, timeOf(again.at));
    }
    return span;
  }

  #startApproval({ seed, context }: OpenStage, event: ApprovalEvent): Span {
    const { kept } = this.#with;
    const { approval, index, attempt, at } = event;
    const stage = kept.name(event.stage);
    const what = event.type === 'approval:requested' ? kept.approvalOf(event.what) : undefined;
    return this.#start(
      approvalSeed(seed, approval),
      `approval ${stage}`,
      at,
      {
        'loom.execution.id': this.executionId,
        'loom.stage.id': stage,
        'loom.approval.id': approval,
        ...(index !== undefined && { 'loom.task.index': index }),
        ...(attempt !== undefined && { 'loom.task.attempt': attempt }),
        ...(what !== undefined && { 'loom.approval.what': what }),
        ...(event.type !== 'approval:requested' && { 'loom.partial': true }),
      },
      context,
    );
  }

  #start(
    seed: SpanSeed,
    name: string,
    startTime: number,
    attributes: Attributes,
    parent: Context,
    links: Link[] = [],
  ): Span {
    const { tracer, ids } = this.#with;
    const start = (): Span =>
      tracer.startSpan(name, { startTime: timeOf(startTime), attributes, links }, parent);
    return ids === undefined ? start() : ids.use({ traceId: this.#traceId, spanId: spanIdOf(seed) }, start);
  }

  #end(span: Span, at: number, error: ErrorRecord | undefined): void {
    if (error !== undefined) {
      const { name, message, code, stack } = this.#with.kept.error(error);
      span.setAttribute('error.type', code ?? name);
      span.recordException(
        { name, message, ...(code !== undefined && { code }), ...(stack !== undefined && { stack }) },
        timeOf(at),
      );
      span.setStatus({ code: this.#with.api.SpanStatusCode.ERROR, message });
    }
    span.end(timeOf(at));
  }

  #seen(at: number): void {
    this.#lastAt = Math.max(this.#lastAt, at);
  }
}

/** Hand-outs of one attempt that are remembered; a task that is lost more often says so by its token. */
const maxHandOuts = 10;

type Work = Pick<TaskStart | TaskEnd | Event<'task:decided'>, 'type' | 'index'>;

function workOf({ type }: Pick<Work, 'type'>): 'task' | 'compensation' {
  return type.startsWith('task:') ? 'task' : 'compensation';
}

function keyOf(of: Work & { readonly attempt: number }): string {
  return `${taskOf(of)}/${of.attempt}`;
}

function taskOf(of: Work): string {
  return `${workOf(of)} ${of.index}`;
}

function notesOf({ notes }: OpenStage, key: string): AttemptNotes {
  const known = notes.get(key) ?? new AttemptNotes();
  notes.set(key, known);
  return known;
}

function addPoint(span: Span, { name, at, attributes }: SpanPoint): void {
  span.addEvent(name, attributes, timeOf(at));
}

/** What a root span is started in: nothing, or the span outside of Loom. */
function parentContext({ ROOT_CONTEXT, trace }: OpenTelemetryApi, parent: TraceParent | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote: true });
}

/** As seconds and nanoseconds: OpenTelemetry takes a small number for one of another clock. */
function timeOf(at: number): [number, number] {
  const seconds = Math.floor(at / 1_000);
  return [seconds, Math.round((at - seconds * 1_000) * 1e6)];
}
