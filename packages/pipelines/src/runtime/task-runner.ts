import {
  errorRecord,
  LoomError,
  type ErrorRecord,
  type ExecutionEvent,
  type MessageGroup,
  type RecordEntry,
  type RecordReply,
  type StoredRecord,
  type TaskOutcome,
  type TaskProgress,
  type TaskReport,
  type TaskRequest,
} from '@certoai/loom-core';
import type { ActorQuery } from '@certoai/loom-discovery';
import type { Json } from '../engine/json.js';
import type { Failure } from '../engine/state.js';
import type { TaskSpec } from '../modes/mode.js';
import type { ExecutionHost, RunOptions } from './execution-host.js';
import type { Issue, LiveNode } from './live-node.js';
import { nodeRecords } from './node-records.js';
import { SentTask } from './sent-task.js';
import { taskGroup } from './task-group.js';
import { retryDelay } from './task-failure.js';
import { needText, workerNeed, type Pins } from './worker-need.js';

/** What an execution lends to the runner of its tasks. */
export interface TaskOwner {
  readonly id: string;
  readonly priority: number;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Versions it keeps to. */
  readonly pins: Pins | undefined;
  /** In whose name it writes: the holder when it came to life. */
  readonly holder: string;
  /** Whether `live` may hand out tasks now. */
  mayRun(live: LiveNode): boolean;
  /** Whether `live` has not ended; when it has, what its tasks report is too late. */
  isRunning(live: LiveNode): boolean;
  /** Aborted when `live` ends before its tasks do. */
  signalOf(live: LiveNode): AbortSignal;
  /** A task came to its end: done, or failed for good. `stored` is called once that is stored. */
  conclude(live: LiveNode, entry: RecordEntry, stored?: () => void): void;
  /** A task went by a queue. */
  sent(): void;
  /** What is recorded of a task became known. */
  learn(live: LiveNode, record: Pick<StoredRecord, 'index' | 'kind' | 'body'>): void;
  /** Stores `entry`, however long that takes; `undefined` when this process lets go meanwhile. */
  store(entry: RecordEntry): Promise<RecordReply | undefined>;
  /** Whether anybody listens; when not, events are not even made. */
  readonly watched: boolean;
  emit(event: ExecutionEvent): void;
}

/** How long a task is with a queue before somebody looks again; milliseconds. */
export const lookAgainMs = 30_000;

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

  /** What a worker says of a task that went by a queue. Resolves when it is stored, or found to be too late. */
  take(live: LiveNode, report: TaskReport): Promise<void> {
    const { index, token, attempt, outcome } = report;
    const known = live.outstanding?.get(index);
    const awaited = known?.issue.token === token ? known : undefined;
    if (awaited === undefined) {
      if (!live.adopt(index, token)) return Promise.resolve();
      live.inFlight += 1;
    } else live.outstanding?.delete(index);
    const { issue = { index, attempt, token, crashes: 0 }, startedAt = this.#now() } = awaited ?? {};
    const actor = awaited?.actor ?? actorName(live, index);
    return new Promise((stored) => this.#report(live, issue, actor, startedAt, outcome, report, stored));
  }

  /** What a worker says of the progress of a task that went by a queue. */
  progressed(live: LiveNode, { index, token, progress }: TaskProgress): void {
    const known = live.outstanding?.get(index);
    if (known?.issue.token !== token) return;
    known.beganAt ??= this.#now();
    if (this.#owner.watched) this.#progressOf(live, known.issue, known.actor)(progress);
  }

  /**
   * Looks again after tasks that went by a queue and were not reported on for long. One that is recorded was
   * reported to somebody else before; one that its queue has lost is sent again, and one it knows is not.
   */
  async lookAgain(live: LiveNode): Promise<void> {
    const waiting = live.outstanding;
    if (waiting === undefined || waiting.size === 0) return;
    const first = Math.min(...waiting.keys());
    for (const record of await nodeRecords(this.#host.store, this.#owner.id, live.node.id, first)) {
      if (record.kind === 'pending' || !waiting.delete(record.index)) continue;
      live.inFlight -= 1;
      this.#owner.learn(live, record);
    }
    const longAgo = this.#now() - lookAgainMs;
    for (const { startedAt, sent } of waiting.values())
      if (startedAt <= longAgo && sent.messageId !== undefined) this.#host.send(sent);
    this.pump(live);
  }

  /** What went to workers that are all gone goes to others. It keeps its token: whoever is done first counts. */
  moveOn(live: LiveNode): void {
    for (const [index, { issue, sent }] of live.outstanding ?? []) {
      if (sent.lane === undefined || this.#host.isServed(sent.lane)) continue;
      live.outstanding?.delete(index);
      this.#host.withdraw(sent);
      live.inFlight -= 1;
      live.due.push({ ...issue, isMoved: true });
    }
    this.pump(live);
  }

  /** Takes back what queues have of a node that has ended. One that gave no sign of having begun was queued all the time. */
  withdraw(live: LiveNode): void {
    for (const { issue, actor, startedAt, beganAt, sent } of live.outstanding?.values() ?? []) {
      this.#host.withdraw(sent);
      if (!this.#owner.watched) continue;
      const at = this.#now();
      const began = beganAt ?? at;
      const times = { durationMs: at - began, queuedMs: began - startedAt };
      this.#owner.emit({ ...this.#fields('task:cancelled', live, issue, actor, at), ...times });
    }
  }

  #handOut(live: LiveNode, issue: Issue): void {
    const startedAt = this.#now();
    let actor = live.node.actor?.kind === 'literal' ? live.node.actor.actor : '';
    try {
      const spec = live.expansion.task(issue.index);
      const need = workerNeed(live.node, spec, this.#owner.pins);
      const placement = need && this.#host.place(need, `${this.#owner.id}/${live.node.id}/${issue.index}`);
      if (need !== undefined && placement === undefined) return this.#park(live, issue, need);
      actor = placement?.actor ?? actorText(spec);
      const task = this.#request(live, issue, actor, spec.input);
      const group = taskGroup(live, spec) ?? this.#host.groupOf(actor, task.input);
      if (need !== undefined && group !== undefined) throw unlimited(actor, need);
      const lane = placement?.lane;
      const route =
        need === undefined ? this.#host.route(actor, group !== undefined) : lane ? 'queue' : 'here';
      if (route === 'nowhere') return this.#park(live, issue, actor);
      if (this.#owner.watched && issue.isMoved === undefined)
        this.#owner.emit(this.#fields('task:started', live, issue, actor, startedAt));
      if (route !== 'here') return this.#send(live, issue, actor, startedAt, task, lane, group);
      const onProgress = this.#owner.watched ? this.#progressOf(live, issue, actor) : undefined;
      const outcome = this.#host.run(task, new TaskOptions(this.#owner, live, onProgress));
      if (outcome instanceof Promise) {
        void outcome.then((value) => this.#report(live, issue, actor, startedAt, value));
      } else this.#report(live, issue, actor, startedAt, outcome);
    } catch (cause) {
      // The input or the actor's name could not be evaluated: trying again would say the same.
      this.#report(live, issue, actor, startedAt, hopeless(cause));
    }
  }

  #send(
    live: LiveNode,
    issue: Issue,
    actor: string,
    startedAt: number,
    task: TaskRequest,
    lane: string | undefined,
    group: MessageGroup | undefined,
  ): void {
    const sent = new SentTask(task, lane, group, (error) => {
      if (live.outstanding?.delete(issue.index) === true)
        this.#report(live, issue, actor, startedAt, hopeless(error));
    });
    (live.outstanding ??= new Map()).set(issue.index, { issue, actor, startedAt, sent });
    this.#host.send(sent);
    this.#owner.sent();
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
      headers: this.#headers(id, index, attempt),
    };
  }

  /** Where somebody traces, the handler's own spans belong under that of its attempt. */
  #headers(stage: string, index: number, attempt: number): Readonly<Record<string, string>> | undefined {
    const { id: executionId, headers } = this.#owner;
    const startedUnder = headers?.['traceparent'];
    const traceparent = this.#host.traceparent?.({ executionId, stage, index, attempt, startedUnder });
    if (traceparent === undefined) return headers;
    return headers === undefined ? { traceparent } : { ...headers, traceparent };
  }

  #park(live: LiveNode, issue: Issue, who: string | ActorQuery): void {
    (live.parked ??= new Map()).set(issue.index, { who, token: issue.token });
    this.#host.whenRunnable(who, () => {
      if (live.parked?.delete(issue.index) !== true) return;
      live.inFlight -= 1;
      live.due.push(issue);
      this.pump(live);
    });
  }

  #report(
    live: LiveNode,
    issue: Issue,
    actor: string,
    startedAt: number,
    outcome: TaskOutcome,
    remote?: Pick<TaskReport, 'durationMs' | 'worker'>,
    stored?: () => void,
  ): void {
    // Too late: the node has ended, or this process lets go of it. The stored state decides.
    if (outcome.kind === 'aborted' || !this.#owner.isRunning(live)) return stored?.();
    const at = this.#now();
    if (outcome.decisions !== undefined && this.#owner.watched)
      for (const [number, decision] of outcome.decisions.entries())
        this.#owner.emit({ ...this.#fields('task:decided', live, issue, actor, at), number, decision });
    if (outcome.kind === 'completed') {
      if (this.#owner.watched)
        this.#owner.emit(this.#endFields('task:completed', live, issue, actor, at, startedAt, remote));
      return this.#owner.conclude(live, this.#entry(live, issue, 'completed', outcome.output, at), stored);
    }
    const { index, attempt } = issue;
    const { error } = outcome;
    const delayMs = retryDelay(live.node.retry, attempt, error, this.#host.random);
    const willRetry = delayMs !== undefined;
    if (this.#owner.watched) {
      const end = this.#endFields('task:failed', live, issue, actor, at, startedAt, remote);
      this.#owner.emit({ ...end, error, willRetry, delayMs });
    }
    if (willRetry) return this.#retryLater(live, issue, at, error, delayMs, stored);
    const failure: Failure = { stage: live.node.id, index, attempt, actor, error };
    this.#owner.conclude(live, this.#entry(live, issue, 'failed', JSON.stringify(failure), at), stored);
  }

  #entry(
    live: LiveNode,
    { index, token: held, attempt }: Issue,
    kind: RecordEntry['kind'],
    body: string,
    at: number,
  ): RecordEntry {
    const { id: executionId, holder } = this.#owner;
    return { executionId, node: live.node.id, index, held, kind, attempt, body, at, holder };
  }

  #retryLater(
    live: LiveNode,
    issue: Issue,
    at: number,
    error: ErrorRecord,
    delayMs: number,
    stored: (() => void) | undefined,
  ): void {
    const { index, attempt, token, crashes } = issue;
    const next: Issue = { index, attempt: attempt + 1, token: token + 1, crashes };
    const dueAt = at + delayMs;
    const entry: RecordEntry = {
      ...this.#entry(live, issue, 'pending', JSON.stringify(error), at),
      attempt: next.attempt,
      next: next.token,
      dueAt,
      crashes,
    };
    void this.#owner.store(entry).then((reply) => {
      // Without a reply this process has let go of it, and nothing is known to be stored.
      if (reply !== undefined) stored?.();
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
      this.#owner.emit({ ...this.#fields('task:progressed', live, issue, actor, this.#now()), progress });
  }

  /** Field by field, as below: it is made for every task, and a spread takes several times as long. */
  #endFields<Type extends ExecutionEvent['type']>(
    type: Type,
    live: LiveNode,
    { index, attempt, token }: Issue,
    actor: string,
    at: number,
    startedAt: number,
    remote: Pick<TaskReport, 'durationMs' | 'worker'> | undefined,
  ) {
    const totalMs = at - startedAt;
    const durationMs = remote?.durationMs ?? totalMs;
    const worker = remote?.worker;
    return {
      type,
      executionId: this.#owner.id,
      at,
      stage: live.node.id,
      index,
      attempt,
      token,
      actor,
      durationMs,
      queuedMs: worker === undefined ? undefined : Math.max(0, totalMs - durationMs),
      worker,
    } as const;
  }

  #fields<Type extends ExecutionEvent['type']>(
    type: Type,
    live: LiveNode,
    { index, attempt, token }: Issue,
    actor: string,
    at: number,
  ) {
    return {
      type,
      executionId: this.#owner.id,
      at,
      stage: live.node.id,
      index,
      attempt,
      token,
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

/** For people, where it was never known who ran it. */
function actorText({ actor }: TaskSpec): string {
  return typeof actor === 'string' ? actor : needText({ capability: actor.capabilities });
}

function unlimited(actor: string, need: ActorQuery): LoomError {
  const message = `Actor "${actor}" is registered with a limit, which counts the tasks of all workers, and this stage asks for ${needText(need)}. Take one of the two out.`;
  return new LoomError('LOOM_UNSUPPORTED', message, { actor });
}

function hopeless(cause: unknown): TaskOutcome {
  return { kind: 'failed', error: { ...errorRecord(cause), retryable: false } };
}

function actorName(live: LiveNode, index: number): string {
  try {
    return actorText(live.expansion.task(index));
  } catch {
    return '';
  }
}
