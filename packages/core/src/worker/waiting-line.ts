import type { TaskRun } from './task-run.js';

/** Tasks in line for a place: higher priority first, then in order. Any may leave from any place. */
export class WaitingLine {
  /** Highest priority first: rarely more than a few, so that one is found by looking at each. */
  readonly #lanes: { readonly priority: number; readonly runs: Set<TaskRun> }[] = [];
  size = 0;

  push(run: TaskRun): void {
    const { priority = 0 } = run.task;
    const lanes = this.#lanes;
    let place = lanes.findIndex((lane) => lane.priority <= priority);
    if (place < 0) place = lanes.length;
    if (lanes[place]?.priority !== priority) lanes.splice(place, 0, { priority, runs: new Set() });
    lanes[place]?.runs.add(run);
    this.size++;
  }

  get first(): TaskRun | undefined {
    for (const run of this.#lanes[0]?.runs ?? []) return run;
    return undefined;
  }

  shift(): TaskRun | undefined {
    const { first } = this;
    if (first) this.remove(first);
    return first;
  }

  /** @returns whether `run` was in line */
  remove(run: TaskRun): boolean {
    const place = this.#lanes.findIndex(({ runs }) => runs.delete(run));
    if (place < 0) return false;
    this.size--;
    if (this.#lanes[place]?.runs.size === 0) this.#lanes.splice(place, 1);
    return true;
  }
}
