import { LinkedList } from '../internal/linked-list.js';
import type { TaskRun } from './task-run.js';

class Lane extends LinkedList<TaskRun> {
  readonly priority: number;

  constructor(priority: number) {
    super();
    this.priority = priority;
  }
}

/** Tasks in line for a place: higher priority first, then in order. Any may leave from any place. */
export class WaitingLine {
  /** Highest priority first: rarely more than a few, so that one is found by looking at each. */
  readonly #lanes: Lane[] = [];
  size = 0;

  push(run: TaskRun): void {
    const { priority = 0 } = run.task;
    const lanes = this.#lanes;
    let place = lanes.findIndex((lane) => lane.priority <= priority);
    if (place < 0) place = lanes.length;
    if (lanes[place]?.priority !== priority) lanes.splice(place, 0, new Lane(priority));
    (lanes[place] as Lane).push(run);
    this.size++;
  }

  get first(): TaskRun | undefined {
    for (const { first } of this.#lanes) if (first) return first;
    return undefined;
  }

  shift(): TaskRun | undefined {
    const { first } = this;
    if (first) this.remove(first);
    return first;
  }

  /** @returns whether `run` was in line */
  remove(run: TaskRun): boolean {
    const { list } = run;
    if (!(list instanceof Lane)) return false;
    list.remove(run);
    this.size--;
    return true;
  }
}
