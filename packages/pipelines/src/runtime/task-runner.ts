import {
  errorRecord,
  type ErrorRecord,
  type ExecutionEvent,
  type RecordEntry,
  type RecordReply,
  type TaskOutcome,
  type TaskRequest,
} from '@certoai/loom-core';
import type { Json } from '../engine/json.js';
import type { Failure } from '../engine/state.js';
import type { ExecutionHost, RunOptions } from './execution-host.js';
import type { Issue, LiveNode } from './live-node.js';
import { retryDelay } from './task-failure.js';

/** What an execution lends to the runner of its tasks. */
export interface TaskOwner {
  readonly id: string;
  readonly priority: number;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Whether `live` may hand out tasks now. */
  mayRun(live: LiveNode): boolean;
  /** Whether `live` has not ended; when it has, what its tasks report is too late. */
  isRunning(live: LiveNode): boolean;
  /** Aborted when `live` ends before its tasks do. */
  signalOf(live: LiveNode): AbortSignal;
  /** A task came to its end: done, or failed for good. */
  conclude(live: LiveNode, entry: RecordEntry): void;
  /** Stores `entry`, however long that takes; `undefined` when this process lets go meanwhile. */
  store(entry: RecordEntry): Promise<RecordReply | undefined>;
  /** Whether anybody listens; when not, events are not even made. */
  readonly watched: boolean;
  emit(event: ExecutionEvent): void;
}

/** Hands out the tasks of running nodes, within their concurrency, and takes their outcomes. */
export class TaskRunner {
  readonly #host: ExecutionHost;
  readonly #owner: TaskOwner;

  constructor(host: ExecutionHost, owner: TaskOwner) {
    this.#host = host;
    this.#owner = owner;
  }

  /** Hands out what there is room for. Call it whenever room or work may have come. */
  pump(live: LiveNode): void {
    while (live.inFlight < live.node.concurrency && this.#owner.mayRun(live)) {
      if (this.#host.pacer.exhausted) return this.#host.pacer.defer(() => this.pump(live));
      const issue = live.take();
      if (issue === undefined) return;
      live.inFlight += 1;
      this.#handOut(live, issue);
    }
  }

  /** Recovered retries go on waiting, everything else is handed out. */
  resume(live: LiveNode): void {
    for (const { dueAt, ...issue } of live.delayed) this.#scheduleRetry(live, issue, dueAt);
    this.pump(live);
  }

  #handOut(live: LiveNode, issue: Issue): void {
    const startedAt = this.#now();
    let actor = live.node.actor?.kind === 'literal' ? live.node.actor.actor : '';
    try {
      const spec = live.expansion.task(issue.index);
      actor = spec.actor;
      const task = this.#request(live, issue, actor, spec.input);
      const onProgress = this.#owner.watched ? this.#progressOf(live, issue, actor) : undefined;
      const outcome = this.#host.run(task, new TaskOptions(this.#owner, live, onProgress));
      if (outcome === undefined) return this.#park(live, issue, actor);
      if (this.#owner.watched)
        this.#owner.emit({ type: 'task:started', ...this.#fields(live, issue, actor) });
      if (outcome instanceof Promise) {
        void outcome.then((value) => this.#report(live, issue, actor, startedAt, value));
      } else this.#report(live, issue, actor, startedAt, outcome);
    } catch (cause) {
      // The input or the actor's name could not be evaluated: trying again would say the same.
      const error = { ...errorRecord(cause), retryable: false };
      this.#report(live, issue, actor, startedAt, { kind: 'failed', error });
    }
  }

  #request(live: LiveNode, { index, attempt, token }: Issue, actor: string, input: Json): TaskRequest {
    const { id, timeoutMs, priority } = live.node;
    return {
      executionId: this.#owner.id,
      stage: id,
      index,
      attempt,
      token,
      actor,
      input: input.copy(),
      idempotencyKey: `${this.#owner.id}/${id}/${index}`,
      timeoutMs,
      priority: priority + this.#owner.priority,
      headers: this.#owner.headers,
    };
  }

  #park(live: LiveNode, issue: Issue, actor: string): void {
    (live.parked ??= new Map()).set(issue.index, actor);
    this.#host.whenRunnable(actor, () => {
      if (live.parked?.delete(issue.index) !== true) return;
      live.inFlight -= 1;
      live.due.push(issue);
      this.pump(live);
    });
  }

  #report(live: LiveNode, issue: Issue, actor: string, startedAt: number, outcome: TaskOutcome): void {
    // Too late: the node has ended, or this process lets go of it. The stored state decides.
    if (outcome.kind === 'aborted' || !this.#owner.isRunning(live)) return;
    const { index, attempt, token } = issue;
    const at = this.#now();
    const durationMs = at - startedAt;
    const executionId = this.#owner.id;
    const node = live.node.id;
    if (outcome.kind === 'completed') {
      if (this.#owner.watched)
        this.#owner.emit({ type: 'task:completed', ...this.#fields(live, issue, actor), durationMs });
      const { output: body } = outcome;
      return this.#owner.conclude(live, {
        executionId,
        node,
        index,
        held: token,
        kind: 'completed',
        attempt,
        body,
        at,
      });
    }
    const { error } = outcome;
    const delayMs = retryDelay(live.node.retry, attempt, error, this.#host.random);
    const willRetry = delayMs !== undefined;
    if (this.#owner.watched) {
      this.#owner.emit({
        type: 'task:failed',
        ...this.#fields(live, issue, actor),
        error,
        durationMs,
        willRetry,
        delayMs,
      });
    }
    if (willRetry) return this.#retryLater(live, issue, at, error, delayMs);
    const failure: Failure = { stage: node, index, attempt, actor, error };
    const body = JSON.stringify(failure);
    this.#owner.conclude(live, { executionId, node, index, held: token, kind: 'failed', attempt, body, at });
  }

  #retryLater(
    live: LiveNode,
    { index, attempt, token, crashes }: Issue,
    at: number,
    error: ErrorRecord,
    delayMs: number,
  ): void {
    const next: Issue = { index, attempt: attempt + 1, token: token + 1, crashes };
    const dueAt = at + delayMs;
    const entry: RecordEntry = {
      executionId: this.#owner.id,
      node: live.node.id,
      index,
      held: token,
      kind: 'pending',
      attempt: next.attempt,
      next: next.token,
      dueAt,
      crashes,
      body: JSON.stringify(error),
      at,
    };
    void this.#owner.store(entry).then((reply) => {
      live.inFlight -= 1;
      if (reply?.accepted === true) this.#scheduleRetry(live, next, dueAt);
      this.pump(live);
    });
  }

  #scheduleRetry(live: LiveNode, issue: Issue, dueAt: number): void {
    if (!this.#owner.isRunning(live)) return;
    const cancel = this.#host.clock.setTimer(Math.max(0, dueAt - this.#now()), () => {
      live.backoff?.delete(issue.index);
      live.due.push(issue);
      this.pump(live);
    });
    (live.backoff ??= new Map()).set(issue.index, { dueAt, cancel });
  }

  #progressOf(live: LiveNode, issue: Issue, actor: string): (progress: unknown) => void {
    return (progress) =>
      this.#owner.emit({ type: 'task:progressed', ...this.#fields(live, issue, actor), progress });
  }

  #fields(live: LiveNode, { index, attempt }: Issue, actor: string) {
    return {
      executionId: this.#owner.id,
      at: this.#now(),
      stage: live.node.id,
      index,
      attempt,
      actor,
    } as const;
  }

  #now(): number {
    return this.#host.clock.now();
  }
}

/** The signal is made when somebody asks for it: a handler that answers at once never does. */
class TaskOptions implements RunOptions {
  readonly onProgress: ((progress: unknown) => void) | undefined;
  readonly #owner: TaskOwner;
  readonly #live: LiveNode;

  constructor(owner: TaskOwner, live: LiveNode, onProgress: ((progress: unknown) => void) | undefined) {
    this.#owner = owner;
    this.#live = live;
    this.onProgress = onProgress;
  }

  get signal(): AbortSignal {
    return this.#owner.signalOf(this.#live);
  }
}
