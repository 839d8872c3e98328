import type { Scope } from '../definition/expression.js';
import type { Json } from '../engine/json.js';
import type { PlanNode } from '../plan/plan.js';

/** What one node may look at when its tasks are made. */
export interface NodeView {
  /** `input`, `stages`, `execution`, and what is read as `config`. */
  readonly scope: Scope;
  /** What a node without an `input` mapping works on (see DESIGN of the definition language). */
  readonly upstream: Json;
  /** What each node of a gather contributes, in order; failed tasks are left out. */
  items(node: string): readonly Json[];
  /** Items a partial gather went on with before a restart. */
  readonly basis: Json | undefined;
}

/** An actor type by name, or whatever type that has all of these capabilities. */
export type ActorTarget = string | { readonly capabilities: readonly string[] };

export interface TaskSpec {
  readonly actor: ActorTarget;
  readonly input: Json;
  /** What expressions about this task see; made when somebody looks, as most tasks have none. */
  readonly view: { readonly scope: Scope };
}

/** The tasks of one node and what their outputs become. */
export interface Expansion {
  readonly tasks: number;
  /**
   * Made when the task is handed out, and again for every attempt and after every restart: it depends
   * on the plan and on recorded values only.
   * @throws LoomError when an expression cannot be evaluated; that fails this task
   */
  task(index: number): TaskSpec;
  /** @param results - by task index; missing where a task failed or its branch was left out */
  collect(results: readonly (Json | undefined)[]): Json;
  /** What must be stored to expand the same way again. */
  readonly basis?: Json | undefined;
}

/**
 * One way to run a stage. Pure: no I/O, clock, randomness or memory of earlier calls.
 * @throws LoomError `LOOM_EXPRESSION_FAILED` when the node cannot be expanded; that fails the stage
 */
export type Mode = (node: PlanNode, view: NodeView) => Expansion;
