import type { ActorDefinition } from '../actor/actor-definition.js';
import type { ActorFunction } from '../actor/actor-source.js';
import { ActorHome } from '../actor/actor-home.js';
import { resolveSpec } from '../actor/actor-spec.js';
import type { ActorSpec } from '../actor/actor-spec.js';
import type { Cell } from '../actor/cell.js';
import * as is from '../actor/cell-state.js';
import { kill, requestStop, stopAll } from '../actor/lifecycle.js';
import { Siblings } from '../actor/siblings.js';
import { isThenable } from '../internal/thenable.js';
import type { Logger } from '../ports/logger.js';
import type { ActorRegistration } from '../registry/actor-registry.js';
import type { TaskOutcome, TaskRequest } from './task.js';
import { TaskRun } from './task-run.js';
import type { RunOptions } from './task-run.js';
import { WaitingLine } from './waiting-line.js';
import type { WorkerHost } from './worker-host.js';

/** What the tasks of one type are doing, for "why is it waiting". */
export interface TaskActivity {
  readonly running: number;
  readonly waiting: number;
  readonly limit: number;
}

/** Tasks of one type at the same time in one worker. */
export function limitOf({ definition, options }: ActorRegistration, { concurrency }: WorkerHost): number {
  return definition.kind === 'instance' ? 1 : (options.concurrency ?? concurrency);
}

/**
 * One registered type in one worker: the home of its actors, for messages, and a pool of places, for tasks. At
 * most `limit` tasks run, the others wait by priority, then in order. A function is called directly. Otherwise each task has an actor to itself; an actor that completed one is used again,
 * one that threw or was told to stop is not.
 */
export class TaskPool {
  readonly host: WorkerHost;
  readonly logger: Logger;
  /** For messages about its results. */
  readonly what: string;
  readonly home: ActorHome;
  readonly #siblings: Siblings;
  readonly #waiting = new WaitingLine();
  /** Those whose handler returned a promise. */
  readonly #pending = new Set<TaskRun>();
  readonly #idle: Cell[] = [];
  readonly #whenIdle: (() => void)[] = [];
  #running = 0;
  #pumping = false;
  #definition!: ActorDefinition;
  #spec!: ActorSpec;
  #limit!: number;

  constructor(registration: ActorRegistration, host: WorkerHost) {
    const { type } = registration;
    this.host = host;
    this.logger = host.system.logger.child({ actor: type });
    this.what = `output of actor "${type}"`;
    this.home = new ActorHome(registration, host.system);
    this.#siblings = new Siblings(undefined, type);
    this.replace(registration);
  }

  get activity(): TaskActivity {
    return { running: this.#running, waiting: this.#waiting.size, limit: this.#limit };
  }

  /** Tasks that have begun keep the handler they have. */
  replace(registration: ActorRegistration): void {
    const { definition, options } = registration;
    this.home.replace(registration);
    this.#definition = definition;
    // Whether a task is tried again is for its sender to say, so its actor is not restarted.
    this.#spec = resolveSpec(definition, { ...options, supervision: { onFailure: 'stop' } });
    this.#limit = limitOf(registration, this.host);
    this.#stopIdle();
    this.#pump();
  }

  run(task: TaskRequest, options: RunOptions | undefined): TaskOutcome | Promise<TaskOutcome> {
    const run = new TaskRun(task, options, this);
    if (this.#running < this.#limit) this.#begin(run);
    else this.#waiting.push(run);
    return run.settled();
  }

  /** Called once for each run, whether it had begun or was still in line. */
  ended(run: TaskRun): void {
    if (this.#waiting.remove(run)) return;
    if (this.#pending.delete(run)) this.host.timeouts.remove(run);
    this.#running--;
    if (run.cell) this.#giveBack(run.cell, run.outcome?.kind === 'completed');
    if (this.#waiting.size > 0) this.#pump();
    else if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Resolves when nothing runs or waits. */
  idle(): Promise<void> {
    if (this.#running === 0 && this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #pump(): void {
    // A task that ends at once comes back here: the loop goes on, instead of one inside the other.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#running < this.#limit) {
      const next = this.#waiting.shift();
      if (!next) break;
      this.#begin(next);
    }
    this.#pumping = false;
  }

  #begin(run: TaskRun): void {
    this.#running++;
    run.start();
    const { call, kind } = this.#definition;
    if (call) this.#call(call, run);
    // The one instance there is also serves messages: its mailbox keeps the two apart.
    else if (kind === 'instance') this.home.actorOf(undefined).cell.post(run);
    else (run.cell = this.#takeIdle()).handleNow(run);
    if (run.outcome) return;
    this.#pending.add(run);
    const { timeoutMs } = run.task;
    if (timeoutMs !== undefined) this.host.timeouts.add(run, timeoutMs);
  }

  #call(call: ActorFunction, run: TaskRun): void {
    try {
      const result = call(run.task.input, run);
      if (isThenable(result)) run.follow(result);
      else run.succeed(result);
    } catch (error) {
      run.fail(error);
    }
  }

  #takeIdle(): Cell {
    for (let cell = this.#idle.pop(); cell; cell = this.#idle.pop()) {
      if (!is.any(cell, is.draining | is.stopping | is.stopped)) return cell;
    }
    return this.host.system.adopt(this.#spec, this.#siblings);
  }

  #giveBack(cell: Cell, isSound: boolean): void {
    if (isSound && cell.spec === this.#spec) this.#idle.push(cell);
    else void requestStop(cell);
  }

  #stopIdle(): void {
    for (const cell of this.#idle.splice(0)) void requestStop(cell);
  }

  /** Tasks end now, actors after the message they are at; resolves when all have stopped. */
  async close(reason: unknown): Promise<void> {
    for (let run = this.#waiting.first; run; run = this.#waiting.first) run.abort(reason);
    for (const run of this.#pending) run.abort(reason);
    this.#stopIdle();
    await Promise.all([this.home.close(), stopAll(this.#siblings.all())]);
  }

  kill(): void {
    this.home.kill();
    for (const cell of this.#siblings.all()) kill(cell);
  }
}
