import type { ExecutionEvent } from '@certoai/loom-core';
import { KeptValues } from '../recording/kept-values.js';
import { isWellFormed } from '../recording/well-formed.js';
import {
  PipelineSeriesIndex,
  type PipelineSeries,
  type StageSeries,
  type TaskSeries,
} from './pipeline-series.js';
import { RareCounters } from './rare-counters.js';
import type { SeriesRegister } from './series.js';

/** Leaves out what is no number. */
const kept = new KeptValues();

/** What an event may say beside what the port asks of it. */
interface Extras {
  /** On `execution:resumed`: name of the pipeline. */
  readonly name?: unknown;
}

/** An execution that this process carries on. */
interface ActiveExecution {
  readonly pipeline: PipelineSeries;
  /** Milliseconds since the epoch; absent when it began elsewhere. */
  readonly startedAt: number | undefined;
  paused: boolean;
  /** When stages began that have not ended. */
  stages: Map<string, number> | undefined;
}

type Event<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { readonly type: Type }>;
type TaskReportEvent = Event<'task:completed' | 'task:failed'>;

/**
 * Adds up what events say. It follows the latest `maxExecutions`, to know the pipeline of an event and how
 * long things took; events of others are counted under the pipeline `unknown`.
 */
export class EventMetrics {
  readonly #index: PipelineSeriesIndex;
  readonly #rare: RareCounters;
  readonly #maxExecutions: number;
  readonly #active = new Map<string, ActiveExecution>();

  constructor(register: SeriesRegister, maxSeries: number, maxExecutions: number) {
    this.#index = new PipelineSeriesIndex(register, maxSeries);
    this.#rare = new RareCounters(register, maxSeries);
    this.#maxExecutions = maxExecutions;
  }

  add(event: ExecutionEvent): void {
    if (!isWellFormed(event)) return;
    switch (event.type) {
      case 'execution:started':
        return this.#started(event);
      case 'execution:resumed':
        return this.#resumed(event);
      case 'execution:paused':
        return this.#paused(event);
      case 'execution:finished':
        return this.#finished(event);
      case 'stage:started': {
        const active = this.#active.get(event.executionId);
        if (active !== undefined) (active.stages ??= new Map()).set(event.stage, event.at);
        return;
      }
      case 'stage:skipped':
        return this.#stageEnded(event, 'skipped');
      case 'stage:completed':
        return this.#stageEnded(event, 'completed');
      case 'stage:failed':
        return this.#stageEnded(event, 'failed');
      case 'stage:cancelled':
        return this.#stageEnded(event, 'cancelled');
      case 'task:started':
        this.#tasks(event).started.value += 1;
        return;
      case 'task:decided':
        return this.#decided(event);
      case 'approval:requested':
        return this.#rare.add('approvalsRequested', 1, this.#stageNames(event));
      case 'approval:decided':
        return this.#rare.add('approvalsDecided', 1, this.#stageNames(event), { outcome: event.outcome });
      case 'breaker:checked': {
        const outcome = event.passed ? 'passed' : 'refused';
        return this.#rare.add('breakerChecks', 1, { breaker: event.breaker }, { outcome });
      }
      case 'compensation:completed':
        return this.#compensated(event, 'completed');
      case 'compensation:failed':
        return this.#compensated(event, event.willRetry ? 'retried' : 'failed');
      case 'approval:escalated':
      case 'compensation:started':
      case 'task:progressed':
        return;
      case 'task:completed':
        this.#taskEnded(event).completed.value += 1;
        return;
      case 'task:cancelled':
        // It did not come to its end, so how long it took says nothing.
        this.#tasks(event).cancelled.value += 1;
        return;
      case 'task:failed': {
        const tasks = this.#taskEnded(event);
        const ended = event.willRetry ? tasks.retried : tasks.failed;
        ended.value += 1;
      }
    }
  }

  #started({ executionId, at, name = '' }: Event<'execution:started'>): void {
    const pipeline = this.#index.pipeline(name);
    pipeline.started.value += 1;
    this.#follow(executionId, pipeline, at);
  }

  #resumed(event: Event<'execution:resumed'>): void {
    const active = this.#active.get(event.executionId);
    if (active === undefined) {
      const { name } = event as Extras;
      this.#follow(event.executionId, this.#index.pipeline(typeof name === 'string' ? name : ''), undefined);
    } else if (event.reason === 'resumed' && active.paused) {
      active.paused = false;
      active.pipeline.paused.value -= 1;
      active.pipeline.running.value += 1;
    }
  }

  #paused({ executionId }: Event<'execution:paused'>): void {
    const active = this.#active.get(executionId);
    if (active === undefined || active.paused) return;
    active.paused = true;
    active.pipeline.running.value -= 1;
    active.pipeline.paused.value += 1;
  }

  #finished({ executionId, at, status }: Event<'execution:finished'>): void {
    if (status === 'running' || status === 'paused') return;
    const active = this.#active.get(executionId);
    const { finished, duration } = this.#pipeline(active).ends[status];
    finished.value += 1;
    if (active === undefined) return;
    this.#leave(executionId, active);
    if (active.startedAt !== undefined) duration.record(seconds(at - active.startedAt));
  }

  #stageEnded(
    { executionId, stage, at }: Event<`stage:${string}` & ExecutionEvent['type']>,
    status: keyof StageSeries['finished'],
  ): void {
    const active = this.#active.get(executionId);
    const series = this.#index.stage(this.#pipeline(active), stage);
    series.finished[status].value += 1;
    const startedAt = active?.stages?.get(stage);
    if (startedAt === undefined) return;
    active?.stages?.delete(stage);
    series.duration.record(seconds(at - startedAt));
  }

  #decided({ executionId, decision }: Event<'task:decided'>): void {
    const { model, inputTokens = 0, outputTokens = 0, cost, currency } = kept.decision(decision, false);
    const names = { pipeline: this.#pipelineName(executionId), model };
    this.#rare.add('modelTokens', inputTokens, names, { direction: 'input' });
    this.#rare.add('modelTokens', outputTokens, names, { direction: 'output' });
    if (cost !== undefined && currency !== undefined) this.#rare.add('modelCost', cost, names, { currency });
  }

  #compensated(
    event: Event<'compensation:completed' | 'compensation:failed'>,
    outcome: 'completed' | 'failed' | 'retried',
  ): void {
    this.#rare.add('compensationsFinished', 1, this.#stageNames(event), { outcome });
  }

  #stageNames({ executionId, stage }: Pick<Event<'approval:decided'>, 'executionId' | 'stage'>): {
    readonly pipeline: string;
    readonly stage: string;
  } {
    return { pipeline: this.#pipelineName(executionId), stage };
  }

  #pipelineName(executionId: string): string {
    return this.#pipeline(this.#active.get(executionId)).pipeline;
  }

  #taskEnded(event: TaskReportEvent): TaskSeries {
    const series = this.#tasks(event);
    series.duration.record(seconds(event.durationMs));
    if (event.queuedMs !== undefined) series.queued.record(seconds(event.queuedMs));
    return series;
  }

  #tasks({
    executionId,
    stage,
    actor,
  }: Event<'task:started' | 'task:cancelled'> | TaskReportEvent): TaskSeries {
    const pipeline = this.#pipeline(this.#active.get(executionId));
    return this.#index.tasks(this.#index.stage(pipeline, stage), actor);
  }

  #pipeline(active: ActiveExecution | undefined): PipelineSeries {
    return active === undefined ? this.#index.pipeline('') : active.pipeline;
  }

  #follow(executionId: string, pipeline: PipelineSeries, startedAt: number | undefined): void {
    const known = this.#active.get(executionId);
    if (known !== undefined) this.#leave(executionId, known);
    if (this.#active.size >= this.#maxExecutions) {
      const [oldest] = this.#active;
      if (oldest !== undefined) this.#leave(...oldest);
    }
    pipeline.running.value += 1;
    this.#active.set(executionId, { pipeline, startedAt, paused: false, stages: undefined });
  }

  #leave(executionId: string, { pipeline, paused }: ActiveExecution): void {
    this.#active.delete(executionId);
    const state = paused ? pipeline.paused : pipeline.running;
    state.value -= 1;
  }
}

/** A clock that was set back makes nothing negative. */
function seconds(ms: number): number {
  return Math.max(0, ms) / 1_000;
}
