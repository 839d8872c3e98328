import { errorRecord, LoomError, type NodeCounters } from '@certoai/loom-core';
import type { Scope } from '../definition/expression.js';
import { isTruthy } from '../modes/json-facts.js';
import type { Expansion, Mode, NodeView } from '../modes/mode.js';
import type { Plan, PlanNode } from '../plan/plan.js';
import {
  contributedItems,
  expand,
  expressionScope,
  joinOutputs,
  upstreamOf,
  type Outputs,
} from './expand.js';
import { Json } from './json.js';
import type { PinnedConfig } from './pinned-config.js';
import { settle } from './settle.js';
import { stageView, type StageView } from './stage-view.js';
import {
  basisOf,
  configNode,
  isFinal,
  moveTo,
  outputNode,
  type ExecutionState,
  type Failure,
  type NodeState,
} from './state.js';

/** What is known of an execution beside its state. Reading it has no effect. */
export interface Facts {
  readonly executionId: string;
  readonly now: number;
  readonly input: Json;
  /** What expressions read as `config`; absent: none does. */
  readonly config: PinnedConfig | undefined;
  readonly modes: ReadonlyMap<string, Mode>;
  /** Most tasks one node may have. */
  readonly maxTasks: number;
  /** Final records of a running node. */
  counters(node: string): NodeCounters;
  /** Task outputs of a begun node by index; missing: not there yet, or failed. */
  results(node: string): readonly (Json | undefined)[];
  /** Tasks of a node that failed for good, by index. */
  failures(node: string): readonly Failure[];
  /** Of a begun node. */
  expansion(node: string): Expansion;
  /** Output of a node that was settled before. */
  outputOf(node: string): Json;
  /** Of stages that were settled before. */
  readonly stages: Readonly<Record<string, StageView>>;
  readonly request?: ControlRequest | undefined;
}

export type ControlRequest =
  | { readonly kind: 'cancel'; readonly reason: string }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' };

/** The next state and what follows from it. Nothing of it is true before the state is committed. */
export interface Decision {
  readonly state: ExecutionState;
  /** False: nothing to commit. */
  readonly changed: boolean;
  /** Nodes whose tasks may be handed out. */
  readonly started: readonly { readonly node: PlanNode; readonly expansion: Expansion }[];
  /** Nodes that came to their end, in order. */
  readonly settled: readonly Settled[];
  /** Own values of nodes, to be stored with the state. */
  readonly values: readonly { readonly node: string; readonly json: Json }[];
  /** Of a completed execution. */
  readonly output: Json | undefined;
}

export interface Settled {
  readonly node: PlanNode;
  readonly state: NodeState;
  readonly output: Json;
  /** Tasks that failed for good. */
  readonly failures: readonly Failure[];
}

/**
 * All rules of an execution in one place. Level-triggered: it looks at what is, not at what happened,
 * so lost, doubled and late wake-ups are harmless. One pass in topological order is enough, because a
 * node can only be released by nodes before it.
 */
export function decide(plan: Plan, state: ExecutionState, facts: Facts): Decision {
  return new Deliberation(plan, state, facts).conclude();
}

class Deliberation implements Outputs {
  readonly #plan: Plan;
  readonly #facts: Facts;
  readonly #before: ExecutionState;
  #state: ExecutionState;
  #nodes: Record<string, NodeState> | undefined;
  #scopeNow: Scope | undefined;
  readonly #started: { node: PlanNode; expansion: Expansion }[] = [];
  readonly #settled: Settled[] = [];
  readonly #values: { node: string; json: Json }[] = [];
  #output: Json | undefined;

  constructor(plan: Plan, state: ExecutionState, facts: Facts) {
    this.#plan = plan;
    this.#facts = facts;
    this.#before = state;
    this.#state = state;
  }

  conclude(): Decision {
    if (!isFinal(this.#state.status)) {
      this.#pinConfig();
      this.#deliberate();
    }
    return {
      state: this.#nodes === undefined ? this.#state : { ...this.#state, nodes: this.#nodes },
      changed: this.#state !== this.#before || this.#nodes !== undefined,
      started: isFinal(this.#state.status) ? [] : this.#started,
      settled: this.#settled,
      values: this.#values,
      output: this.#output,
    };
  }

  /** Nothing that was made with it is true before it is stored. */
  #pinConfig(): void {
    const { config } = this.#facts;
    if (config === undefined || this.#state.config === true) return;
    this.#values.push({ node: configNode, json: config.json });
    this.#state = { ...this.#state, config: true };
  }

  #deliberate(): void {
    const { request, now } = this.#facts;
    if (request?.kind === 'cancel') {
      const error = { name: 'CancelledError', code: 'LOOM_CANCELLED', message: request.reason };
      return this.#finish('cancelled', { error });
    }
    if (this.#state.deadlineAt !== undefined && this.#state.deadlineAt <= now) {
      const limitMs = this.#state.deadlineAt - this.#state.startedAt;
      return this.#finish('timed-out', {
        error: timeoutError(`The execution took longer than ${limitMs} ms.`, limitMs),
      });
    }
    if (request?.kind === 'pause' && this.#state.status === 'running')
      this.#state = moveTo(this.#state, 'paused');
    if (request?.kind === 'resume' && this.#state.status === 'paused')
      this.#state = moveTo(this.#state, 'running');

    let open = 0;
    for (const node of this.#plan.nodes) {
      const failure = this.#advance(node);
      if (failure !== undefined) return this.#finish('failed', failure);
      const kind = this.#nodeState(node.id)?.kind;
      if (kind === undefined || kind === 'running') open += 1;
    }
    if (open === 0) this.#complete();
  }

  /** Settles or starts one node. Returns the failure that ends the execution, when there is one. */
  #advance(node: PlanNode): Failure | undefined {
    const current = this.#nodeState(node.id);
    if (current?.kind === 'running') return this.#settleRunning(node, current);
    if (current !== undefined || this.#state.status === 'paused' || !this.#isReady(node)) return undefined;
    const half = this.#nodeState(mapHalf(node));
    if (half?.kind === 'failed') return this.#fail(node, half.startedAt, 0, 0, half.failure);
    try {
      if (node.when !== undefined && !isTruthy(node.when.evaluate(this.scope))) {
        this.#settle(node, { kind: 'skipped', finishedAt: this.#facts.now }, Json.null, []);
        return undefined;
      }
      return this.#start(node);
    } catch (cause) {
      return this.#fail(node, this.#facts.now, 0, 0, { stage: node.id, error: errorRecord(cause) });
    }
  }

  #start(node: PlanNode): Failure | undefined {
    const { now } = this.#facts;
    const expansion = expand(node, this.#facts.modes, new DecisionView(this, node));
    const { tasks, basis } = expansion;
    const { maxTasks } = this.#facts;
    if (tasks > maxTasks) {
      const message = `Stage "${node.id}" would have ${tasks} tasks; limits.maxTasksPerStage is ${maxTasks}.`;
      throw new LoomError('LOOM_EXECUTION_FAILED', message, { tasks, maxTasks });
    }
    if (basis !== undefined) this.#values.push({ node: basisOf(node.id), json: basis });
    if (tasks === 0) return this.#settleCompleted(node, now, expansion, [], 0);
    const running = { kind: 'running', startedAt: now, tasks } as const;
    const { stageTimeoutMs } = node;
    this.#set(
      node.id,
      stageTimeoutMs === undefined ? running : { ...running, deadlineAt: now + stageTimeoutMs },
    );
    this.#started.push({ node, expansion });
    return undefined;
  }

  #settleRunning(node: PlanNode, running: Extract<NodeState, { kind: 'running' }>): Failure | undefined {
    const { now } = this.#facts;
    const counters = this.#facts.counters(node.id);
    const outcome = settle(node, running.tasks, counters);
    const { startedAt, tasks } = running;
    if (outcome === 'completed') {
      const { id } = node;
      return this.#settleCompleted(
        node,
        startedAt,
        this.#facts.expansion(id),
        this.#facts.results(id),
        counters.failed,
      );
    }
    if (outcome === 'failed') {
      return this.#fail(node, startedAt, tasks, counters.failed, this.#taskFailure(node, tasks, counters));
    }
    if (running.deadlineAt === undefined || running.deadlineAt > now) return undefined;
    const limitMs = running.deadlineAt - startedAt;
    const error = timeoutError(`Stage "${node.stage}" took longer than ${limitMs} ms.`, limitMs);
    return this.#fail(node, startedAt, tasks, counters.failed, { stage: node.id, error });
  }

  #settleCompleted(
    node: PlanNode,
    startedAt: number,
    expansion: Expansion,
    results: readonly (Json | undefined)[],
    failed: number,
  ): Failure | undefined {
    const { now } = this.#facts;
    const { tasks } = expansion;
    try {
      let output = expansion.collect(results);
      const completed = { kind: 'completed', startedAt, finishedAt: now, tasks, failed } as const;
      if (node.output === undefined) {
        this.#settle(node, completed, output, this.#failures(node));
        return undefined;
      }
      output = Json.fromValue(node.output.evaluate({ ...this.scope, output: output.value }));
      this.#values.push({ node: node.id, json: output });
      this.#settle(node, { ...completed, value: true }, output, this.#failures(node));
      return undefined;
    } catch (cause) {
      return this.#fail(node, startedAt, tasks, failed, { stage: node.id, error: errorRecord(cause) });
    }
  }

  #taskFailure(node: PlanNode, tasks: number, { done, failed }: NodeCounters): Failure {
    const [first] = this.#facts.failures(node.id);
    const minSuccess = node.spec.mode === 'scatter' ? node.spec.minSuccess : 0;
    const tooFew = node.spec.mode === 'scatter' && node.spec.onTaskFailure === 'continue';
    if (!tooFew && first !== undefined) return first;
    const message = `Stage "${node.stage}" needs ${minSuccess} of ${tasks} tasks to succeed; ${failed} of ${done} failed.`;
    const error = { name: 'LoomError', code: 'LOOM_EXECUTION_FAILED', message, cause: first?.error };
    return { ...first, stage: node.id, error };
  }

  #fail(
    node: PlanNode,
    startedAt: number,
    tasks: number,
    failed: number,
    failure: Failure,
  ): Failure | undefined {
    const state = { kind: 'failed', startedAt, finishedAt: this.#facts.now, tasks, failed, failure } as const;
    this.#settle(node, state, Json.null, this.#failures(node));
    return node.onFailure === 'continue' ? undefined : failure;
  }

  #settle(node: PlanNode, state: NodeState, output: Json, failures: readonly Failure[]): void {
    this.#set(node.id, state);
    this.#scopeNow = undefined;
    this.#settled.push({ node, state, output, failures });
  }

  #complete(): void {
    try {
      this.#output = this.#executionOutput();
      this.#finish('completed', undefined);
    } catch (cause) {
      this.#finish('failed', { error: errorRecord(cause) });
    }
  }

  #executionOutput(): Json {
    const { output, terminals } = this.#plan;
    if (output !== undefined) {
      const json = Json.fromValue(output.evaluate(this.scope));
      this.#values.push({ node: outputNode, json });
      return json;
    }
    return joinOutputs(terminals, this);
  }

  #finish(status: 'completed' | 'failed' | 'cancelled' | 'timed-out', failure: Failure | undefined): void {
    const { now } = this.#facts;
    for (const node of this.#plan.nodes) {
      if (this.#nodeState(node.id)?.kind !== 'running') continue;
      this.#settle(node, { kind: 'cancelled', finishedAt: now }, Json.null, []);
    }
    const final = { ...moveTo(this.#state, status), finishedAt: now };
    this.#state = failure === undefined ? final : { ...final, failure };
  }

  #isReady(node: PlanNode): boolean {
    if (node.spec.mode === 'gather' && node.spec.condition !== 'all') {
      const { from, condition } = node.spec;
      const others = node.needs.every(({ node: id }) => from.includes(id) || this.#isSettled(id));
      if (!others) return false;
      const succeeded = from.reduce((sum, id) => sum + this.items(id).length, 0);
      return succeeded >= condition || from.every((id) => this.#isSettled(id));
    }
    return node.needs.every(({ node: id }) => this.#isSettled(id));
  }

  /** Of a map-reduce: of both its halves. */
  #failures({ id, spec }: PlanNode): readonly Failure[] {
    const own = this.#facts.failures(id);
    if (spec.mode !== 'gather') return own;
    const settledNow = this.#settled.find(({ node }) => node.id === mapHalf({ id }));
    return [...(settledNow?.failures ?? this.#facts.failures(mapHalf({ id }))), ...own];
  }

  items(id: string): readonly Json[] {
    const node = this.#plan.byId.get(id);
    const results = (): readonly (Json | undefined)[] => this.#facts.results(id);
    return node === undefined
      ? []
      : contributedItems(node, this.#nodeState(id), results, () => this.outputOf(id));
  }

  outputOf(id: string): Json {
    for (const { node, output } of this.#settled) if (node.id === id) return output;
    return this.#facts.outputOf(id);
  }

  get input(): Json {
    return this.#facts.input;
  }

  /** What expressions see now, stages included that were settled a moment ago. */
  get scope(): Scope {
    return (this.#scopeNow ??= expressionScope(
      this.#facts.executionId,
      this.#facts.input,
      this.#stages(),
      this.#facts.config,
    ));
  }

  #stages(): Readonly<Record<string, StageView>> {
    const { stages } = this.#facts;
    if (this.#settled.length === 0) return stages;
    return {
      ...stages,
      ...Object.fromEntries(
        this.#settled.map(({ node, state, output, failures }) => [
          node.id,
          stageView(state, output, failures),
        ]),
      ),
    };
  }

  #nodeState(id: string): NodeState | undefined {
    return (this.#nodes ?? this.#before.nodes)[id];
  }

  #isSettled(id: string): boolean {
    const kind = this.#nodeState(id)?.kind;
    return kind !== undefined && kind !== 'running';
  }

  #set(id: string, state: NodeState): void {
    (this.#nodes ??= { ...this.#before.nodes })[id] = state;
  }
}

/** Where the first half of a map-reduce stage is found; nothing is there for other stages. */
const mapHalf = ({ id }: Pick<PlanNode, 'id'>): string => `${id}#map`;

function timeoutError(message: string, limitMs: number): Failure['error'] {
  return errorRecord(new LoomError('LOOM_TIMEOUT', message, { timeoutMs: limitMs }));
}

/** Looks only when asked: most nodes take what is upstream and evaluate nothing. */
class DecisionView implements NodeView {
  readonly basis = undefined;
  readonly #of: Deliberation;
  readonly #node: PlanNode;

  constructor(of: Deliberation, node: PlanNode) {
    this.#of = of;
    this.#node = node;
  }

  get scope(): Scope {
    return this.#of.scope;
  }

  get upstream(): Json {
    return upstreamOf(this.#node, this.#of.input, this.#of);
  }

  items(node: string): readonly Json[] {
    return this.#of.items(node);
  }
}
