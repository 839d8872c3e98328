import { setMaxListeners } from 'node:events';
import type { NodeCounters } from '@certoai/loom-core';
import type { ActorQuery } from '@certoai/loom-discovery';
import type { Json } from '../engine/json.js';
import type { Failure } from '../engine/state.js';
import type { Expansion } from '../modes/mode.js';
import type { PlanNode } from '../plan/plan.js';
import type { SentTask } from './sent-task.js';

/** What one hand-out of a task needs beside its plan. The first one of a task has all at 1. */
export interface Issue {
  readonly index: number;
  readonly attempt: number;
  /** Fencing token. */
  readonly token: number;
  /** Hand-outs that ended with their process. */
  readonly crashes: number;
  /** It was handed out before, to workers that are no longer there. */
  readonly isMoved?: true;
}

export interface DelayedIssue extends Issue {
  readonly dueAt: number;
}

/** A hand-out that went by a queue and has not been reported on. */
export interface Outstanding {
  readonly issue: Issue;
  readonly actor: string;
  /** When it was handed out; milliseconds since the epoch. */
  readonly startedAt: number;
  readonly sent: SentTask;
  /** When it first gave a sign of running; milliseconds since the epoch. */
  beganAt?: number;
}

/** A task that nobody runs now. */
interface Parked {
  readonly who: string | ActorQuery;
  readonly token: number;
}

interface Backoff {
  readonly dueAt: number;
  readonly cancel: () => void;
}

/** For many tasks at once: as many listeners are no leak. */
export function sharedAbort(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

const noIssues: readonly DelayedIssue[] = [];

/** A running node in this process: its tasks, what came of them, and what holds the others back. */
export class LiveNode {
  readonly node: PlanNode;
  readonly expansion: Expansion;
  /** By index; as long as there are tasks, with holes where nothing succeeded yet. */
  readonly results: (Json | undefined)[];
  readonly failures: Failure[] = [];
  counters: NodeCounters = { done: 0, failed: 0 };
  /** Being run, or their outcome being stored. */
  inFlight = 0;
  /** Hand-outs to make before the cursor goes on: retries that are due, recovered tasks. */
  readonly due: Issue[];
  /** Retries that wait, with the time they are due. */
  backoff: Map<number, Backoff> | undefined;
  /** Tasks that nobody runs now, by index: of an actor type, or for workers that have what it needs. */
  parked: Map<number, Parked> | undefined;
  /** Tasks that are with a queue or with a worker elsewhere, by index. */
  outstanding: Map<number, Outstanding> | undefined;
  /** Recovered retries that are not due yet. */
  readonly delayed: readonly DelayedIssue[];
  /** Tasks below the cursor have been handed out, or wait in `due` or `backoff`. */
  #cursor = 0;
  /** Tasks at or above the cursor that are done already, or in other hands. */
  readonly #known: Set<number>;
  #abort: AbortController | undefined;

  /**
   * @param known - tasks that are not to be made by the cursor: done, in `due`, or in `delayed`
   * @param delayed - recovered retries that are not due yet
   */
  constructor(
    node: PlanNode,
    expansion: Expansion,
    known: Set<number> = new Set(),
    due: Issue[] = [],
    delayed = noIssues,
  ) {
    this.node = node;
    this.expansion = expansion;
    this.results = new Array<Json | undefined>(expansion.tasks);
    this.#known = known;
    this.due = due;
    this.delayed = delayed;
  }

  /** The next task to hand out, or `undefined` when there is none now. */
  take(): Issue | undefined {
    const due = this.due.shift();
    if (due !== undefined) return due;
    while (this.#known.has(this.#cursor)) this.#cursor += 1;
    if (this.#cursor >= this.expansion.tasks) return undefined;
    const index = this.#cursor;
    this.#cursor += 1;
    return { index, attempt: 1, token: 1, crashes: 0 };
  }

  /**
   * A worker reports on a task that an orchestrator before this one sent: it need not be handed out here.
   * @returns whether it still waited to be
   */
  adopt(index: number, token: number): boolean {
    const place = this.due.findIndex((issue) => issue.index === index && issue.token === token);
    if (place >= 0) return this.due.splice(place, 1).length > 0;
    if (this.parked?.get(index)?.token === token) {
      this.inFlight -= 1;
      return this.parked.delete(index);
    }
    if (index < this.#cursor || index >= this.expansion.tasks || this.#known.has(index) || token !== 1)
      return false;
    this.#known.add(index);
    return true;
  }

  /** Tasks that have not been handed out yet. */
  get waiting(): number {
    return this.due.length + this.expansion.tasks - this.#cursor;
  }

  /** Aborted when the node ends before its tasks do. */
  get signal(): AbortSignal {
    return (this.#abort ??= sharedAbort()).signal;
  }

  /** Tasks in flight are told to stop; those that wait never start. */
  stop(reason: unknown): void {
    for (const { cancel } of this.backoff?.values() ?? []) cancel();
    this.backoff = undefined;
    this.parked = undefined;
    this.outstanding = undefined;
    this.due.length = 0;
    this.#cursor = this.expansion.tasks;
    this.#abort?.abort(reason);
  }
}
