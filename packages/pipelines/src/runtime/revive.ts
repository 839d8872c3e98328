import {
  errorRecord,
  LoomError,
  type RecordEntry,
  type StoredExecution,
  type StoredRecord,
} from '@certoai/loom-core';
import { contributedItems, expand, expressionScope, joinOutputs, upstreamOf } from '../engine/expand.js';
import { Json } from '../engine/json.js';
import { PinnedConfig } from '../engine/pinned-config.js';
import {
  basisOf,
  configNode,
  outputNode,
  valueIndex,
  type ExecutionState,
  type Failure,
  type NodeState,
} from '../engine/state.js';
import type { Expansion } from '../modes/mode.js';
import type { Plan, PlanNode } from '../plan/plan.js';
import type { ExecutionHost } from './execution-host.js';
import type { Revival } from './live-execution.js';
import { LiveFacts } from './live-facts.js';
import { LiveNode } from './live-node.js';
import { nodeRecords } from './node-records.js';
import { workerNeed } from './worker-need.js';

/**
 * Everything a stored execution needs to go on here, read in topological order. Tasks are not stored
 * before they have a result: what is missing is made again from the plan and the recorded values.
 * Tasks that were in flight get a new token first, so that a report of the dead process is refused.
 */
export async function revive(host: ExecutionHost, stored: StoredExecution, plan: Plan): Promise<Revival> {
  return new Reviving(host, stored, plan).run();
}

/** What runs in a stored execution, to be looked at only: nothing is handed out, and no token is raised. */
export async function runningNodes(
  host: ExecutionHost,
  stored: StoredExecution,
  plan: Plan,
): Promise<ReadonlyMap<string, LiveNode>> {
  return (await new Reviving(host, stored, plan, false).run()).facts.running;
}

/** Outputs of a stored execution, finished or not: of a stage by id, of the execution without one. */
export async function loadOutputs(
  host: ExecutionHost,
  stored: StoredExecution,
  plan: Plan,
): Promise<(stage?: string) => Json | undefined> {
  return new Reviving(host, stored, plan, false).outputs();
}

class Reviving {
  readonly #host: ExecutionHost;
  readonly #stored: StoredExecution;
  readonly #plan: Plan;
  readonly #state: ExecutionState;
  readonly #facts: LiveFacts;
  readonly #toGoOn: boolean;

  /** @param toGoOn - whether the execution goes on here, or is only looked at */
  constructor(host: ExecutionHost, stored: StoredExecution, plan: Plan, toGoOn = true) {
    this.#toGoOn = toGoOn;
    this.#host = host;
    this.#stored = stored;
    this.#plan = plan;
    this.#state = JSON.parse(stored.state) as ExecutionState;
    this.#facts = new LiveFacts(stored.id, Json.fromText(stored.input), host.modes, host.maxTasks);
  }

  async run(): Promise<Revival> {
    await this.#readSettled(async (node) => {
      this.#facts.running.set(node.id, await this.#reviveRunning(node));
    });
    const { version, priority, tags } = this.#stored;
    return { plan: this.#plan, facts: this.#facts, state: this.#state, version, priority, tags };
  }

  async outputs(): Promise<(stage?: string) => Json | undefined> {
    await this.#readSettled(() => Promise.resolve());
    const mapped = this.#plan.output === undefined ? undefined : await this.#value(outputNode);
    return (stage) => {
      if (stage !== undefined) return this.#facts.outputOf(stage);
      if (this.#state.status !== 'completed') return undefined;
      return mapped ?? joinOutputs(this.#plan.terminals, this.#facts);
    };
  }

  async #readSettled(onRunning: (node: PlanNode) => Promise<void>): Promise<void> {
    this.#facts.config = await this.#config();
    for (const node of this.#plan.nodes) {
      const state = this.#state.nodes[node.id];
      if (state?.kind === 'completed') await this.#readCompleted(node, state);
      else if (state?.kind === 'running') await onRunning(node);
      else if (state !== undefined) {
        const tasks = state.kind === 'failed' ? state.tasks : 0;
        const { failures } = tasksOf(tasks === 0 ? [] : await this.#records(node.id), tasks);
        this.#facts.settle(node.id, { state, output: Json.null, failures });
      }
    }
  }

  async #readCompleted(node: PlanNode, state: Extract<NodeState, { kind: 'completed' }>): Promise<void> {
    const records = await this.#records(node.id);
    const expansion = await this.#expand(node);
    const { results, failures } = tasksOf(records, expansion.tasks);
    const value = state.value === true ? records.find(({ index }) => index === valueIndex) : undefined;
    const output = value === undefined ? expansion.collect(results) : Json.fromText(value.body);
    this.#facts.settle(node.id, { state, output, failures }, results);
  }

  async #reviveRunning(node: PlanNode): Promise<LiveNode> {
    const records = await this.#records(node.id);
    const expansion = await this.#expand(node);
    const { results, failures, pending } = tasksOf(records, expansion.tasks);
    const done = new Set<number>();
    for (const { index, kind } of records) if (index >= 0 && kind !== 'pending') done.add(index);

    const known = new Set(done);
    const interrupted: StoredRecord[] = [];
    const waiting: StoredRecord[] = [];
    for (const record of pending.values()) {
      known.add(record.index);
      const inBackoff = record.dueAt !== undefined && record.dueAt > this.#host.clock.now();
      (inBackoff ? waiting : interrupted).push(record);
    }
    // Tasks are handed out in order, so the first missing ones are those that may have been in flight.
    for (let index = 0; interrupted.length < node.concurrency && index < expansion.tasks; index += 1) {
      if (known.has(index)) continue;
      known.add(index);
      interrupted.push({ index, kind: 'pending', token: 1, attempt: 1, crashes: 0, body: 'null', at: 0 });
    }

    const delayed = waiting.map(({ index, attempt, token, crashes, dueAt = 0 }) => ({
      index,
      attempt,
      token,
      crashes,
      dueAt,
    }));
    const live = new LiveNode(node, expansion, known, [], delayed);
    results.forEach((result, index) => {
      live.results[index] = result;
    });
    live.failures.push(...failures);
    live.counters = { done: done.size, failed: failures.length };
    if (!this.#toGoOn) {
      live.inFlight = interrupted.length;
      return live;
    }
    await Promise.all(interrupted.map((record) => this.#handOutAgain(live, record)));
    live.due.sort((left, right) => left.index - right.index);
    return live;
  }

  /**
   * A task that went by a queue is still there, or with a worker who will report on it: sent again with its
   * token, it is found to be known. One that ran in the process that died is made anew.
   */
  async #handOutAgain(live: LiveNode, record: StoredRecord): Promise<void> {
    const { index, attempt, token, crashes } = record;
    if (this.#goesByQueue(live, index)) live.due.push({ index, attempt, token, crashes });
    else await this.#reissue(live, record);
  }

  #goesByQueue(live: LiveNode, index: number): boolean {
    try {
      const spec = live.expansion.task(index);
      const need = workerNeed(live.node, spec, this.#state.pins);
      // Whom it was sent to is not known now, but the same will be chosen again, if they are still there.
      if (need !== undefined) {
        const placement = this.#host.place(need, `${this.#stored.id}/${live.node.id}/${index}`);
        return placement === undefined || placement.lane !== undefined;
      }
      if (typeof spec.actor !== 'string') return false;
      const isLimited =
        live.node.limit !== undefined || this.#host.groupOf(spec.actor, spec.input.value) !== undefined;
      return this.#host.route(spec.actor, isLimited) === 'queue';
    } catch {
      // It will fail when it is handed out.
      return false;
    }
  }

  /** Raises the token of a task whose process died, or gives it up after too many such deaths. */
  async #reissue(
    live: LiveNode,
    { index, attempt, token, crashes: before, body }: StoredRecord,
  ): Promise<void> {
    const { store, clock, maxCrashes } = this.#host;
    const crashes = before + 1;
    const entry = {
      executionId: this.#stored.id,
      node: live.node.id,
      index,
      held: token,
      attempt,
      at: clock.now(),
      holder: this.#host.holder(),
    };
    if (crashes <= maxCrashes) {
      await store.record({ ...entry, kind: 'pending', next: token + 1, crashes, body });
      live.due.push({ index, attempt, token: token + 1, crashes });
      return;
    }
    const message = `Task ${index} of stage "${live.node.id}" was handed out ${crashes} times and the process ended each time without a report. Look for what kills it: memory, a native crash, process.exit.`;
    const error = errorRecord(new LoomError('LOOM_TASK_CRASHED', message, { crashes }));
    const failure: Failure = { stage: live.node.id, index, attempt, error };
    const record: RecordEntry = { ...entry, kind: 'failed', body: JSON.stringify(failure) };
    const reply = await store.record(record);
    if (!reply.accepted) return;
    live.failures.push(failure);
    live.counters = reply.counters;
  }

  async #expand(node: PlanNode): Promise<Expansion> {
    const partial = node.spec.mode === 'gather' && node.spec.condition !== 'all';
    const basis = partial ? await this.#value(basisOf(node.id)) : undefined;
    return expand(node, this.#host.modes, {
      scope: expressionScope(this.#stored.id, this.#facts.input, this.#facts.stages, this.#facts.config),
      upstream: upstreamOf(node, this.#facts.input, this.#facts),
      items: (id) => {
        const source = this.#plan.byId.get(id);
        if (source === undefined) return [];
        return contributedItems(
          source,
          this.#state.nodes[id],
          () => this.#facts.results(id),
          () => this.#facts.outputOf(id),
        );
      },
      basis,
    });
  }

  /** As it was recorded. One that goes on here and whose first step was not stored begins now. */
  async #config(): Promise<PinnedConfig | undefined> {
    const { config, tenant } = this.#state;
    if (config !== true) return this.#toGoOn ? this.#host.takeConfig(this.#plan, tenant) : undefined;
    const json = await this.#value(configNode);
    if (json !== undefined) return new PinnedConfig(json);
    const { id } = this.#stored;
    const message = `Execution "${id}" has lost the record of its configuration. Restore the store from a backup.`;
    throw new LoomError('LOOM_STORE_CORRUPT', message, { executionId: id });
  }

  async #value(node: string): Promise<Json | undefined> {
    const [record] = await this.#host.store.records({
      executionId: this.#stored.id,
      node,
      from: valueIndex,
      limit: 1,
    });
    return record === undefined ? undefined : Json.fromText(record.body);
  }

  #records(node: string): Promise<readonly StoredRecord[]> {
    return nodeRecords(this.#host.store, this.#stored.id, node, valueIndex);
  }
}

function tasksOf(
  records: readonly StoredRecord[],
  tasks: number,
): {
  readonly results: readonly (Json | undefined)[];
  readonly failures: readonly Failure[];
  readonly pending: ReadonlyMap<number, StoredRecord>;
} {
  const results = new Array<Json | undefined>(tasks);
  const failures: Failure[] = [];
  const pending = new Map<number, StoredRecord>();
  for (const record of records) {
    if (record.index < 0) continue;
    if (record.kind === 'completed') results[record.index] = Json.fromText(record.body);
    else if (record.kind === 'failed') failures.push(JSON.parse(record.body) as Failure);
    else pending.set(record.index, record);
  }
  return { results, failures, pending };
}
