import type { JsonValue } from '@certoai/loom-core';
import type { Expression, Template } from '../definition/expression.js';

/**
 * A definition made ready to run: defaults resolved, expressions compiled, the graph checked.
 * Immutable, and shared by every execution of the same definition text.
 */
export interface Plan {
  /** SHA-256 of `text`, hex. */
  readonly hash: string;
  /** The normalised definition as JSON text: what is pinned to an execution and compiled again after a restart. */
  readonly text: string;
  readonly name: string | undefined;
  /** In topological order, ties in the order of the definition. */
  readonly nodes: readonly PlanNode[];
  readonly byId: ReadonlyMap<string, PlanNode>;
  /** Absent: the output of the last stage; of several last stages an object by stage id. */
  readonly output: Template | undefined;
  /** Ids of nodes that no other node needs. */
  readonly terminals: readonly string[];
  /** JSON Schema of the pipeline's input. */
  readonly inputSchema: JsonValue | undefined;
  /** Milliseconds a whole execution may take. */
  readonly timeoutMs: number | undefined;
  readonly strictInputs: boolean;
  readonly pinVersions: 'exact' | 'minor' | 'major' | undefined;
  /** Every actor type named literally, for the check before start. */
  readonly actors: readonly string[];
  /** Actor types whose values its expressions read as `config`; `null`: those of the tenant alone. Empty: none. */
  readonly configOf: readonly (string | null)[];
}

/** One step of the graph. A stage is one node, except `map-reduce`, which is two: `<id>#map` and `<id>`. */
export interface PlanNode {
  readonly id: string;
  /** The stage of the definition it comes from; what users see. */
  readonly stage: string;
  readonly spec: NodeSpec;
  readonly needs: readonly Need[];
  /** Runs only when this is truthy (JMESPath truth: false, null, "", [] and {} are not). */
  readonly when: Expression | undefined;
  /** Absent where the mode needs none (`gather` that only combines). */
  readonly actor: ActorChoice | undefined;
  /** Absent: the mode's default (entry: pipeline input; one need: its output; several: object by stage id). */
  readonly input: Template | undefined;
  readonly output: Template | undefined;
  readonly retry: RetryPolicy;
  /** Milliseconds one attempt may take. */
  readonly timeoutMs: number | undefined;
  /** Milliseconds the whole stage may take, retries included. */
  readonly stageTimeoutMs: number | undefined;
  readonly onFailure: 'fail' | 'continue';
  /** Tasks of this node at the same time, 1 or more. */
  readonly concurrency: number;
  readonly priority: number;
  /** Which workers may run its tasks. */
  readonly workers: WorkerChoice | undefined;
  /** Shared by tasks of one actor type and one key, over all executions. */
  readonly limit: KeyedLimit | undefined;
  /** Ids of the stages whose output any of its expressions reads. All of them lie upstream. */
  readonly reads: readonly string[];
}

export interface Need {
  readonly node: string;
  /** `all`: finished. A number: this many of its tasks have succeeded (or it has finished). */
  readonly until: 'all' | number;
}

export type NodeSpec =
  | { readonly mode: 'execute' }
  | {
      readonly mode: 'scatter';
      /** Outermost first; more than one for a nested scatter. */
      readonly levels: readonly ScatterLevel[];
      readonly onTaskFailure: 'fail' | 'continue';
      /** With `continue`: fewer successes than this fail the stage. */
      readonly minSuccess: number;
    }
  | {
      readonly mode: 'gather';
      /** Node ids, in the order of the definition. */
      readonly from: readonly string[];
      readonly condition: 'all' | number;
      readonly groupBy: Expression | undefined;
      readonly combine: 'concat' | 'object';
    }
  | { readonly mode: 'broadcast'; readonly actors: readonly ActorChoice[] }
  | { readonly mode: 'fork-join'; readonly branches: readonly Branch[] }
  | {
      readonly mode: 'custom';
      readonly name: string;
      /** The stage's `with` block, compiled. */
      readonly options: Template | undefined;
    };

export interface ScatterLevel {
  readonly over: Expression;
  /** Name of the variable that holds the item. @default "item" */
  readonly as: string;
  readonly where: Expression | undefined;
}

export interface Branch {
  readonly name: string;
  readonly actor: ActorChoice;
  readonly input: Template | undefined;
  readonly when: Expression | undefined;
}

export type ActorChoice =
  | { readonly kind: 'literal'; readonly actor: string }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'rules'; readonly rules: readonly ActorRule[]; readonly default: string | undefined }
  | { readonly kind: 'capability'; readonly capabilities: readonly string[] };

export interface WorkerChoice {
  /** Semantic version range. */
  readonly version: string | undefined;
  /** By name. Evaluated for each task, with what its input sees. */
  readonly labels: readonly (readonly [name: string, value: Template])[];
}

export interface ActorRule {
  readonly when: Expression;
  readonly actor: string;
}

export interface KeyedLimit {
  /** Absent: one key for the actor. Evaluated for each task, with what its input sees. */
  readonly key: Template | undefined;
  readonly concurrency: number | undefined;
  readonly rate: { readonly limit: number; readonly perMs: number } | undefined;
}

export interface RetryPolicy {
  /** 1 or more; 1: no retry. */
  readonly maxAttempts: number;
  readonly backoff: 'fixed' | 'linear' | 'exponential';
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** Full jitter: the delay is drawn evenly between half of it and all of it. */
  readonly jitter: boolean;
  /** Error names or codes that are never tried again. */
  readonly nonRetryable: readonly string[];
}
