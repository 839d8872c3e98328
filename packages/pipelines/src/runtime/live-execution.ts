import {
  LoomError,
  type ErrorRecord,
  type ExecutionEvent,
  type RecordEntry,
  type RecordReply,
  type StoredRecord,
} from '@certoai/loom-core';
import { decide, type ControlRequest, type Decision, type Settled } from '../engine/decide.js';
import { Json } from '../engine/json.js';
import { settle } from '../engine/settle.js';
import { isFinal, type ExecutionState, type Failure } from '../engine/state.js';
import type { Plan } from '../plan/plan.js';
import { Announcer } from './announcer.js';
import { AwaitedEnd, type Ending } from './awaited-end.js';
import type { ExecutionHost } from './execution-host.js';
import { ExecutionSteps } from './execution-steps.js';
import type { InboxMessage } from './inbox.js';
import { InsistentStore } from './insistent-store.js';
import type { LiveFacts } from './live-facts.js';
import { LiveNode, sharedAbort } from './live-node.js';
import { TakenMessages } from './taken-messages.js';
import { lookAgainMs, TaskRunner, type TaskOwner } from './task-runner.js';
import type { Pins } from './worker-need.js';

/** What is known of an execution when it comes to life in this process. */
export interface Revival {
  readonly plan: Plan;
  readonly facts: LiveFacts;
  readonly state: ExecutionState;
  readonly version: number;
  readonly priority: number;
  readonly tags: readonly string[] | undefined;
}

interface PendingRequest {
  readonly request: ControlRequest;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * One execution that lives in this process. It owns the order of its transitions: facts come in from
 * tasks, timers and callers at any time; one at a time they are decided on, committed, and only then
 * acted upon.
 */
export class LiveExecution implements TaskOwner {
  readonly id: string;
  readonly plan: Plan;
  readonly priority: number;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly pins: Pins | undefined;
  readonly holder: string;
  readonly #host: ExecutionHost;
  readonly #store: InsistentStore;
  readonly #announcer: Announcer;
  readonly #facts: LiveFacts;
  readonly #runner: TaskRunner;
  readonly #steps: ExecutionSteps;
  readonly #end = new AwaitedEnd();
  readonly #taken = new TakenMessages();
  #state: ExecutionState;
  #version: number;
  /** Outcomes of lone tasks: they are stored with the transition they cause. */
  #outcomes: RecordEntry[] = [];
  /** Called when the outcomes that wait now are stored. */
  #whenStored: (() => void)[] = noCalls;
  #requests: PendingRequest[] | undefined;
  #advancing = false;
  #again = false;
  #opening: (() => void) | undefined;
  #abandoned = false;
  #abort: AbortController | undefined;
  #cancelDeadline: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;

  constructor(host: ExecutionHost, revival: Revival) {
    const { plan, facts, priority, state, version, tags } = revival;
    this.id = facts.executionId;
    this.plan = plan;
    this.priority = priority;
    this.headers = state.headers;
    this.pins = state.pins;
    this.holder = host.holder();
    this.#host = host;
    this.#state = state;
    this.#version = version;
    this.#store = new InsistentStore(host, this.id);
    this.#facts = facts;
    this.#runner = new TaskRunner(host, this);
    const about = { executionId: this.id, name: plan.name, tags };
    this.#steps = new ExecutionSteps({ ...about, holder: this.holder });
    this.#announcer = new Announcer(host, { ...about, traceparent: state.headers?.['traceparent'] });
  }

  get state(): ExecutionState {
    return this.#state;
  }

  /** How it ends, here or elsewhere. */
  get ended(): Promise<Ending> {
    return this.#end.promise;
  }

  get running(): Map<string, LiveNode> {
    return this.#facts.running;
  }

  /** Why the store cannot take the next step; the step is tried again by itself. */
  get storeFailure(): ErrorRecord | undefined {
    return this.#store.failure;
  }

  /**
   * Begins in a later turn, so that who gets the handle can listen before anything happens.
   * @param stored - the first decision, when it was stored together with the creation of this execution
   */
  begin(stored: Decision | undefined): void {
    if (stored !== undefined) this.#take(stored);
    this.#opening = () => {
      this.#announcer.started(this.#state.startedAt);
      if (stored !== undefined) this.#announcer.decided('running', stored);
    };
    this.#host.pacer.defer(() => {
      if (this.#abandoned) return;
      this.#open();
      if (stored === undefined) this.#advance();
      else this.#goOn();
    });
  }

  /** Goes on where the stored state stands: hands out what is missing and looks at what is due. */
  resume(): void {
    if (this.#abandoned) return;
    this.#announcer.resumed('recovered');
    this.#scheduleDeadline();
    for (const live of this.running.values()) this.#runner.resume(live);
    this.#advance();
  }

  /** Resolves when the request is stored and acted upon, or found to be without effect. */
  request(request: ControlRequest): Promise<void> {
    if (isFinal(this.#state.status)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      (this.#requests ??= []).push({ request, resolve, reject });
      this.#advance();
    });
  }

  /**
   * Takes what came by the queue, and resolves when its effect is stored.
   * @returns `false` when this process lets go of the execution meanwhile, and whoever has it must be told
   */
  async receive(message: InboxMessage): Promise<boolean> {
    if (this.#abandoned) return false;
    if ('control' in message) return this.#taken.until(this.request(message.control));
    if ('watch' in message) return this.#announcer.tell(message.watch);
    const live = this.running.get(message.stage);
    if (live === undefined) return true;
    if ('outcome' in message) return this.#taken.until(this.#runner.take(live, message));
    this.#runner.progressed(live, message);
    return true;
  }

  /** @param over - called when there will be no more of them */
  listen(listener: (event: ExecutionEvent) => void, over?: () => void): () => void {
    if (over !== undefined) this.ended.then(over, over);
    return this.#announcer.listen(listener);
  }

  /** Ends all activity here and leaves the stored state as it is: this process shuts down. */
  abandon(reason: unknown): void {
    this.#stop(reason);
    this.#end.missed(reason);
  }

  /** Somebody else may have this execution by now, so what is known here is old. Who waits for its end goes on waiting. */
  letGo(): void {
    if (this.#abandoned || isFinal(this.#state.status)) return;
    this.#host.logger.warn('Execution is served elsewhere now', { executionId: this.id });
    const message = `Execution "${this.id}" is served by another orchestrator now.`;
    this.#stop(new LoomError('LOOM_CONFLICT', message, { executionId: this.id }));
    this.#host.released(this.id);
    this.#end.follow(() => this.#host.follow(this.id));
  }

  #stop(reason: unknown): void {
    this.#abandoned = true;
    this.#store.abandon();
    this.#cancelDeadline?.();
    this.#cancelLook?.();
    for (const live of this.running.values()) live.stop(reason);
    this.#abort?.abort(reason);
    this.running.clear();
    for (const { reject } of this.#requests?.splice(0) ?? []) reject(reason);
    this.#taken.giveBack();
  }

  /** The store knows better than this process: either somebody else serves the execution, or it is read anew. */
  #refused(): void {
    this.letGo();
    // A write under way could still arrive after the execution was read anew.
    void this.#store.idle().then(() => this.#host.refused(this.id));
  }

  // What the runner of its tasks may ask

  mayRun(live: LiveNode): boolean {
    return this.#state.status === 'running' && this.isRunning(live);
  }

  isRunning(live: LiveNode): boolean {
    return this.running.get(live.node.id) === live;
  }

  /** A lone task ends early only with the whole execution, so all of those share one signal. */
  signalOf(live: LiveNode): AbortSignal {
    const ownEnd = live.expansion.tasks > 1 || live.node.stageTimeoutMs !== undefined;
    return ownEnd ? live.signal : (this.#abort ??= sharedAbort()).signal;
  }

  get watched(): boolean {
    return this.#announcer.watched;
  }

  emit(event: ExecutionEvent): void {
    this.#announcer.emit(event);
  }

  /** Looks after tasks that are with queues, for as long as there are any. */
  sent(): void {
    this.#cancelLook ??= this.#host.clock.setTimer(lookAgainMs, () => void this.#lookAgain(), {
      background: true,
    });
  }

  /** Other workers are there than before. */
  workersChanged(): void {
    for (const live of this.running.values()) this.#runner.moveOn(live);
  }

  async #lookAgain(): Promise<void> {
    try {
      for (const live of this.running.values()) await this.#runner.lookAgain(live);
    } catch (error) {
      this.#host.logger.debug('Tasks could not be looked after', { executionId: this.id, error });
    }
    this.#cancelLook = undefined;
    for (const { outstanding } of this.running.values())
      if (outstanding !== undefined && outstanding.size > 0) return this.sent();
  }

  async store(entry: RecordEntry): Promise<RecordReply | undefined> {
    const reply = await this.#store.record(entry);
    if (reply?.accepted === false && this.running.has(entry.node)) {
      const { node: stage, index } = entry;
      const { reason } = reply;
      this.#host.logger.debug('Result refused', { executionId: this.id, stage, index, reason });
      // The node runs as far as is known here, so somebody else knows more.
      this.#refused();
    }
    return reply;
  }

  /** A lone task is stored with the transition it causes; one of many by itself, in O(1). */
  conclude(live: LiveNode, entry: RecordEntry, stored?: () => void): void {
    if (live.expansion.tasks > 1) return void this.#recordOneOfMany(live, entry, stored);
    this.#note(live, entry);
    this.#outcomes.push(entry);
    if (stored !== undefined) this.#whenStored = [...this.#whenStored, stored];
    this.#advance();
  }

  learn(live: LiveNode, record: Pick<StoredRecord, 'index' | 'kind' | 'body'>): void {
    this.#note(live, record);
    // Only the one that completes the count gets past this line.
    const released = settle(live.node, live.expansion.tasks, live.counters) !== 'running';
    if (released || this.#isAwaited(live)) this.#advance();
  }

  async #recordOneOfMany(
    live: LiveNode,
    entry: RecordEntry,
    stored: (() => void) | undefined,
  ): Promise<void> {
    const reply = await this.store(entry);
    if (reply === undefined) return;
    stored?.();
    live.inFlight -= 1;
    if (reply.accepted) this.learn(live, entry);
    this.#runner.pump(live);
  }

  /** Whether a partial gather waits for successes of this node. */
  #isAwaited({ node }: LiveNode): boolean {
    return this.plan.nodes.some(({ id, spec }) => {
      const partial = spec.mode === 'gather' && spec.condition !== 'all' && spec.from.includes(node.id);
      return partial && this.#state.nodes[id] === undefined;
    });
  }

  /**
   * Counts what is known here, not what the store has counted: answers may come in another order than they
   * were given, and a barrier is released when every result is at hand. Nobody else records meanwhile.
   */
  #note(live: LiveNode, { kind, index, body }: Pick<StoredRecord, 'index' | 'kind' | 'body'>): void {
    if (kind === 'completed') live.results[index] = Json.fromText(body);
    else live.failures.push(JSON.parse(body) as Failure);
    live.counters = { done: live.counters.done + 1, failed: live.failures.length };
  }

  // Transitions

  #advance(): void {
    if (this.#abandoned) return;
    if (this.#advancing) this.#again = true;
    else void this.#advanceWhileNeeded();
  }

  async #advanceWhileNeeded(): Promise<void> {
    this.#advancing = true;
    this.#open();
    do {
      this.#again = false;
      const outcomes = this.#outcomes;
      const whenStored = this.#whenStored;
      const asked = this.#requests?.shift();
      if (outcomes.length > 0) this.#outcomes = [];
      this.#whenStored = noCalls;
      this.#facts.now = this.#now();
      this.#facts.request = asked?.request;
      const decision = decide(this.plan, this.#state, this.#facts);
      if (decision.changed || outcomes.length > 0) {
        const transition = this.#steps.step(decision, outcomes, this.#version, this.#facts.now);
        const reply = await this.#store.commit(transition);
        if (reply?.committed !== true) {
          if (reply !== undefined) this.#refused();
          return asked?.reject(this.#notServed());
        }
        this.#version = reply.version;
        if (transition.messages !== undefined) this.#host.outgoing();
        for (const stored of whenStored) stored();
        this.#apply(decision);
      }
      asked?.resolve();
    } while (this.#again || this.#outcomes.length > 0 || (this.#requests?.length ?? 0) > 0);
    this.#advancing = false;
  }

  #notServed(): LoomError {
    const message = `Execution "${this.id}" is not served by this process any more.`;
    return new LoomError('LOOM_CLOSED', message, { executionId: this.id });
  }

  /** What happens at the beginning is told once, before anything else. */
  #open(): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.();
  }

  #apply(decision: Decision): void {
    const before = this.#state.status;
    this.#take(decision);
    this.#announcer.decided(before, decision);
    if (isFinal(this.#state.status)) this.#finish(decision.output);
    else this.#goOn();
  }

  /** Makes a stored decision what is true here. Nothing is handed out yet. */
  #take({ state, settled, started }: Decision): void {
    this.#state = state;
    for (const node of settled) this.#applySettled(node);
    if (isFinal(state.status)) return;
    for (const { node, expansion } of started) this.running.set(node.id, new LiveNode(node, expansion));
  }

  #goOn(): void {
    this.#scheduleDeadline();
    for (const live of this.running.values()) this.#runner.pump(live);
  }

  #applySettled(settled: Settled): void {
    const { node, state } = settled;
    const live = this.running.get(node.id);
    this.#facts.settle(node.id, settled, node.spec.mode === 'execute' ? undefined : live?.results);
    if (state.kind !== 'completed' && live !== undefined) {
      const reason = this.#stopReason(node.id, state.kind === 'failed' ? state.failure : undefined);
      this.#runner.withdraw(live);
      live.stop(reason);
      if (state.kind === 'cancelled') this.#abort?.abort(reason);
    }
  }

  /** A timeout is not a cancellation: running code can tell them apart by the reason of its signal. */
  #stopReason(stage: string, failure: Failure | undefined): LoomError {
    const { status } = this.#state;
    const timedOut = status === 'timed-out' || failure?.error.code === 'LOOM_TIMEOUT';
    const message = `Stage "${stage}" of execution "${this.id}" ended while this task ran (${status}).`;
    return new LoomError(timedOut ? 'LOOM_TIMEOUT' : 'LOOM_CANCELLED', message, {
      executionId: this.id,
      stage,
      status,
    });
  }

  #finish(output: Json | undefined): void {
    this.#cancelDeadline?.();
    this.#cancelLook?.();
    this.#announcer.finished(this.#state);
    this.#host.released(this.id);
    this.#end.come({ state: this.#state, output });
  }

  #scheduleDeadline(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    let next = this.#state.deadlineAt ?? Infinity;
    for (const id of this.running.keys()) {
      const node = this.#state.nodes[id];
      if (node?.kind === 'running' && node.deadlineAt !== undefined) next = Math.min(next, node.deadlineAt);
    }
    if (next === Infinity) return;
    this.#cancelDeadline = this.#host.clock.setTimer(Math.max(0, next - this.#now()), () => {
      // A timer may be a little early.
      if (this.#now() < next) this.#scheduleDeadline();
      else this.#advance();
    });
  }

  #now(): number {
    return this.#host.clock.now();
  }
}

const noCalls: (() => void)[] = [];
