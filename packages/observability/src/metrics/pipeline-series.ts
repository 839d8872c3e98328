import type { HistogramSeries, NumberSeries, SeriesRegister } from './series.js';

/** Stands for every name beyond the limit. */
export const other = 'other';
/** Stands for a name that nobody said. */
const unknown = 'unknown';
const maxLabelLength = 128;

/** A name as a label: never empty, never long. */
export function labelOf(name: string): string {
  if (name === '') return unknown;
  return name.length <= maxLabelLength ? name : name.slice(0, maxLabelLength);
}

/** Series of one actor in one stage of one pipeline. */
export class TaskSeries {
  readonly started: NumberSeries;
  readonly completed: NumberSeries;
  readonly failed: NumberSeries;
  readonly cancelled: NumberSeries;
  readonly retried: NumberSeries;
  readonly duration: HistogramSeries;
  readonly queued: HistogramSeries;

  constructor(register: SeriesRegister, pipeline: string, stage: string, actor: string) {
    const labels = { pipeline, stage, actor };
    this.started = register.number('tasksStarted', labels);
    this.completed = register.number('tasksFinished', { ...labels, outcome: 'completed' });
    this.failed = register.number('tasksFinished', { ...labels, outcome: 'failed' });
    this.cancelled = register.number('tasksFinished', { ...labels, outcome: 'cancelled' });
    this.retried = register.number('tasksRetried', labels);
    this.duration = register.histogram('taskDuration', labels);
    this.queued = register.histogram('taskQueueDuration', labels);
  }
}

type StageStatus = 'completed' | 'failed' | 'skipped' | 'cancelled';

/** Series of one stage of one pipeline. */
export class StageSeries {
  readonly pipeline: string;
  readonly stage: string;
  readonly tasks = new Map<string, TaskSeries>();
  readonly finished: Readonly<Record<StageStatus, NumberSeries>>;
  readonly duration: HistogramSeries;

  constructor(register: SeriesRegister, pipeline: string, stage: string) {
    this.pipeline = pipeline;
    this.stage = stage;
    const finished = (status: StageStatus): NumberSeries =>
      register.number('stagesFinished', { pipeline, stage, status });
    this.finished = {
      completed: finished('completed'),
      failed: finished('failed'),
      skipped: finished('skipped'),
      cancelled: finished('cancelled'),
    };
    this.duration = register.histogram('stageDuration', { pipeline, stage });
  }
}

export type FinalStatus = 'completed' | 'failed' | 'cancelled' | 'timed-out';

/** How executions of one pipeline end with one status. */
interface EndSeries {
  readonly finished: NumberSeries;
  readonly duration: HistogramSeries;
}

/** Series of one pipeline. */
export class PipelineSeries {
  readonly pipeline: string;
  readonly stages = new Map<string, StageSeries>();
  readonly started: NumberSeries;
  readonly running: NumberSeries;
  readonly paused: NumberSeries;
  readonly ends: Readonly<Record<FinalStatus, EndSeries>>;

  constructor(register: SeriesRegister, pipeline: string) {
    this.pipeline = pipeline;
    this.started = register.number('executionsStarted', { pipeline });
    this.running = register.number('executionsActive', { pipeline, state: 'running' });
    this.paused = register.number('executionsActive', { pipeline, state: 'paused' });
    const end = (status: FinalStatus): EndSeries => ({
      finished: register.number('executionsFinished', { pipeline, status }),
      duration: register.histogram('executionDuration', { pipeline, status }),
    });
    this.ends = {
      completed: end('completed'),
      failed: end('failed'),
      cancelled: end('cancelled'),
      'timed-out': end('timed-out'),
    };
  }
}

/**
 * Finds the series of a pipeline, a stage and an actor. Of each, `maxSeries` are kept; what comes later is
 * counted under `other`, so that names that are made up as it goes cost neither memory nor a time series database.
 */
export class PipelineSeriesIndex {
  readonly #register: SeriesRegister;
  readonly #maxSeries: number;
  readonly #pipelines = new Map<string, PipelineSeries>();
  #stages = 0;
  #tasks = 0;
  #otherPipeline: PipelineSeries | undefined;
  #otherStage: StageSeries | undefined;
  #otherTasks: TaskSeries | undefined;

  constructor(register: SeriesRegister, maxSeries: number) {
    this.#register = register;
    this.#maxSeries = maxSeries;
  }

  pipeline(name: string): PipelineSeries {
    const label = labelOf(name);
    const known = this.#pipelines.get(label);
    if (known !== undefined) return known;
    if (label === other || this.#pipelines.size >= this.#maxSeries) {
      return (this.#otherPipeline ??= new PipelineSeries(this.#register, other));
    }
    const made = new PipelineSeries(this.#register, label);
    this.#pipelines.set(label, made);
    return made;
  }

  stage(of: PipelineSeries, stage: string): StageSeries {
    const known = of.stages.get(stage);
    if (known !== undefined) return known;
    const label = labelOf(stage);
    const short = label === stage ? undefined : of.stages.get(label);
    if (short !== undefined) return short;
    if (of === this.#otherPipeline || this.#stages >= this.#maxSeries) {
      return (this.#otherStage ??= new StageSeries(this.#register, other, other));
    }
    this.#stages += 1;
    const made = new StageSeries(this.#register, of.pipeline, label);
    of.stages.set(label, made);
    return made;
  }

  tasks(of: StageSeries, actor: string): TaskSeries {
    const known = of.tasks.get(actor);
    if (known !== undefined) return known;
    const label = labelOf(actor);
    const short = label === actor ? undefined : of.tasks.get(label);
    if (short !== undefined) return short;
    if (of === this.#otherStage || this.#tasks >= this.#maxSeries) {
      return (this.#otherTasks ??= new TaskSeries(this.#register, other, other, other));
    }
    this.#tasks += 1;
    const made = new TaskSeries(this.#register, of.pipeline, of.stage, label);
    of.tasks.set(label, made);
    return made;
  }
}
