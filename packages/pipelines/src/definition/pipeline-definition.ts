import type { JsonValue } from '@certoai/loom-core';

// What people write. `schema.ts` says the same to the machine; a type test keeps the two equal, and the
// JSON Schema for editors takes its words from the comments here.

/**
 * A pipeline as people write it, in TypeScript, JSON or YAML.
 *
 * Strings may hold expressions: exactly `${ … }` keeps the value's type, `${ … }` inside a longer string
 * is put in as text, `$${` is a literal `${`, everything else is literal. The language is JMESPath.
 *
 * @typeParam Input - what the pipeline takes, known when `input` is a zod schema
 */
export interface PipelineDefinition<Input = unknown> {
  /** What people call it, 1 to 200 characters. @default none */
  readonly name?: string | undefined;
  /** Free text, 1 to 100 characters; the content hash identifies a definition anyway. @default none */
  readonly version?: string | undefined;
  /** What it is for, up to 10 000 characters. @default none */
  readonly description?: string | undefined;
  /** JSON Schema (in TypeScript also a zod schema) that the input must match at start. @default anything */
  readonly input?: InputSchema<Input> | undefined;
  /** 1 to 10 000 stages. Each follows the one before it unless it says `dependsOn`. */
  readonly stages: readonly StageDefinition[];
  /** The result, with expressions in it. @default the last stage's output; of several last stages an object by id */
  readonly output?: JsonValue | undefined;
  /** Milliseconds a whole execution may take, 1 to 31_536_000_000 (365 days). @default no limit */
  readonly timeoutMs?: number | undefined;
  /** In `input` and `with`, a path that resolves to nothing is an error in place of `null`. @default false */
  readonly strictInputs?: boolean | undefined;
  /**
   * Keeps an execution with the versions of the actors it names that are the newest when it starts: exactly those,
   * or newer ones with the same minor or major number. A stage whose `workers` name a version goes by that.
   * @default tasks go to workers of any version
   */
  readonly pinVersions?: 'exact' | 'minor' | 'major' | undefined;
}

/** A JSON Schema, or a schema object of zod or another library that follows Standard Schema with JSON Schema. */
export type InputSchema<Input = unknown> = JsonSchemaObject | SchemaLike<Input>;

/** A JSON Schema (draft 2020-12) as plain JSON. */
export interface JsonSchemaObject {
  readonly [keyword: string]: JsonValue | undefined;
  readonly '~standard'?: undefined;
}

/** The part of a Standard Schema (https://standardschema.dev) that is read here. */
export interface SchemaLike<Input = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: unknown } | undefined;
  };
}

/** One step of a pipeline, told apart by `mode`. */
// oxlint-disable-next-line typescript/no-redundant-type-constituents -- `never` until CustomModes is extended
export type StageDefinition = BuiltInStage | CustomStage;

export type BuiltInStage =
  | ExecuteStage
  | ScatterStage
  | GatherStage
  | MapReduceStage
  | BroadcastStage
  | ForkJoinStage;

/** What every stage may say. */
export interface StageBase {
  /**
   * Unique in the pipeline: letters, digits, `_` and `-`, 1 to 100. One with a `-` or a leading digit is
   * quoted in expressions: `stages."legal-check".output`. JSON and YAML also accept the name `name`.
   */
  readonly id: string;
  /** What it is for, up to 10 000 characters. @default none */
  readonly description?: string | undefined;
  /** Expression; the stage is skipped unless it is true (false, null, "", [] and {} are not). @default always runs */
  readonly when?: string | undefined;
  /** Stages that finish before this one starts; `[]`: starts at once. @default the stage before it; for gather: `from` */
  readonly dependsOn?: string | readonly string[] | undefined;
  /** When and how often a failed task is tried again. @default tried once */
  readonly retry?: RetryDefinition | undefined;
  /** Milliseconds one attempt may take, 1 to 31_536_000_000 (365 days). @default no limit */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds the whole stage may take, retries included, 1 to 31_536_000_000 (365 days). @default no limit */
  readonly stageTimeoutMs?: number | undefined;
  /** Tasks of this stage at the same time, 1 to 10_000. @default 100 */
  readonly concurrency?: number | undefined;
  /** Limits that tasks of all executions share, by key: for each tenant, say, or for each model. @default none */
  readonly limit?: LimitDefinition | undefined;
  /** Which workers may run its tasks; not together with `limit`. @default any that has the actor */
  readonly workers?: WorkersDefinition | undefined;
  /** Its tasks go before those of a lower priority; whole number, 0 to 100; the execution's is added. @default 0 */
  readonly priority?: number | undefined;
  /** The stage's output, made of `${output}` (what the actors gave) and anything upstream. @default what the actors gave */
  readonly output?: JsonValue | undefined;
  /** `continue`: the pipeline goes on when the stage fails; `stages.<id>.error` tells why. @default "fail" */
  readonly onFailure?: 'fail' | 'continue' | undefined;
}

/** A stage with an input of its own. */
interface WithInput {
  /** What the actor receives, with expressions in it. @default first stage: the pipeline's input; one dependency: its output; several: an object by stage id */
  readonly input?: JsonValue | undefined;
}

/** One task. The default mode. */
export interface ExecuteStage extends StageBase, WithInput {
  /** The kind of stage; `single` is another name for `execute`. @default "execute" */
  readonly mode?: 'execute' | 'single' | undefined;
  /** Who does the work. */
  readonly actor: ActorDefinition;
}

/** One task for each item of a list; the output is the list of results, in the order of the items. */
export interface ScatterStage extends StageBase {
  /** The kind of stage. */
  readonly mode: 'scatter';
  /** The list, and how its tasks run. */
  readonly scatter: ScatterDefinition;
  /** Who does the work on each item; sees what `input` sees. */
  readonly actor: ActorDefinition;
  /** What the actor receives; sees the item's variable, `item` and `index`. @default the item */
  readonly input?: JsonValue | undefined;
}

/** Waits for other stages and brings their results together; with an actor, one task per group. */
export interface GatherStage extends StageBase {
  /** The kind of stage. */
  readonly mode: 'gather';
  /** What to gather, when to start, how to group. @default everything from the stage before */
  readonly gather?: GatherDefinition | undefined;
  /** Receives each group. @default none: the stage's output is the results, or the groups, themselves */
  readonly actor?: ActorDefinition | undefined;
  /** What the actor receives; sees `group.key` and `group.items`. @default with groupBy `{ key, items }`, else what was gathered */
  readonly input?: JsonValue | undefined;
}

/** `map` for each item, then `reduce` for each group of results. */
export interface MapReduceStage extends StageBase {
  /** The kind of stage. */
  readonly mode: 'map-reduce';
  /** The list, the two actors, how results are grouped. */
  readonly mapReduce: MapReduceDefinition;
  /** What the map actor receives; sees the item's variable, `item` and `index`. @default the item */
  readonly input?: JsonValue | undefined;
}

/** The same input to several actors; the output is the list of results, in the order of `actors`. */
export interface BroadcastStage extends StageBase, WithInput {
  /** The kind of stage. */
  readonly mode: 'broadcast';
  /** 1 to 1 000 actors. */
  readonly actors: readonly ActorDefinition[];
}

/** Different work at the same time; the output is an object by branch name. */
export interface ForkJoinStage extends StageBase, WithInput {
  /** The kind of stage. */
  readonly mode: 'fork-join';
  /** 1 to 1 000 branches by name; names follow the rule of stage ids. */
  readonly branches: Readonly<Record<string, BranchDefinition>>;
}

/**
 * Modes that a program adds with `registerExecutor`, and the type of their `with` block. Extend it to
 * have them checked: `declare module '@certoai/loom-pipelines' { interface CustomModes { poll: { url: string } } }`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- filled by declaration merging
export interface CustomModes {}

/** A stage of a mode that is not built in. */
export type CustomStage = {
  [Mode in keyof CustomModes]: StageBase &
    WithInput & {
      /** The name it was registered with. */
      readonly mode: Mode;
      /** The mode's own settings, with expressions in them. */
      readonly with?: CustomModes[Mode] | undefined;
      /** Who does the work, for modes that want one. @default none */
      readonly actor?: ActorDefinition | undefined;
    };
}[keyof CustomModes];

/**
 * Who does the work: an actor type by name, an expression that gives one (`"${input.reviewer}"`),
 * rules of which the first that holds decides, or whichever actor has a capability.
 */
export type ActorDefinition = string | ActorRules | ActorByCapability;

/** Any live actor that says of itself, in its metadata, that it can do this. Chosen for each attempt anew. */
export interface ActorByCapability {
  /** A word, or 1 to 20 of which it must have all; each 1 to 200 characters, no expressions. */
  readonly capability: string | readonly string[];
}

/** Which workers may run the tasks of a stage. Both must hold. */
export interface WorkersDefinition {
  /** Range of the actor's version, as its metadata says it: a semantic version range such as `^2.1`. @default any */
  readonly version?: string | undefined;
  /** 1 to 20 labels that a worker must have, by name; values may hold expressions and see what `input` sees. @default any */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** The first rule that holds chooses the actor. */
export interface ActorRules {
  /** 1 to 100 rules, tried in order. */
  readonly rules: readonly ActorRuleDefinition[];
  /** Actor when no rule holds. @default none: the task fails */
  readonly default?: string | undefined;
}

/** An actor, and when it is the one. */
export interface ActorRuleDefinition {
  /** Expression; sees what `input` sees. */
  readonly when: string;
  /** Actor type by name; no expression. */
  readonly actor: string;
}

/** When and how often a failed task is tried again. */
export interface RetryDefinition {
  /** Attempts in all, 1 to 1_000; 1: no retry. @default 1 */
  readonly maxAttempts?: number | undefined;
  /** How the delay grows from attempt to attempt. @default "exponential" */
  readonly backoff?: 'fixed' | 'linear' | 'exponential' | undefined;
  /** Milliseconds before the second attempt, 0 to 86_400_000 (1 day). @default 200 */
  readonly initialDelayMs?: number | undefined;
  /** Milliseconds the delay does not grow beyond, 0 to 604_800_000 (7 days). @default 30_000, or initialDelayMs if that is more */
  readonly maxDelayMs?: number | undefined;
  /** Spreads the delays, so that tasks that failed together do not come back together. @default true */
  readonly jitter?: boolean | undefined;
  /** Error names or codes that are never tried again, up to 100. @default [] */
  readonly nonRetryable?: readonly string[] | undefined;
}

/**
 * Limits for the tasks of one actor type that have one key, whatever execution and pipeline they belong to,
 * in all processes that share a queue. Keys take turns, so one with many tasks does not keep others waiting.
 */
export interface LimitDefinition {
  /** What tells tasks apart, up to 1_000 characters; sees what `input` sees. @default one key for the actor */
  readonly key?: string | undefined;
  /** Tasks of a key at the same time, 1 to 10_000. @default no limit */
  readonly concurrency?: number | undefined;
  /** How often tasks of a key may begin. @default no limit */
  readonly rate?: RateDefinition | undefined;
}

/** So many in any window of so long. */
export interface RateDefinition {
  /** Tasks that begin in one window, 1 to 1_000_000. */
  readonly limit: number;
  /** Milliseconds the window lasts, 1 to 86_400_000 (1 day). */
  readonly perMs: number;
}

/** A list, and the name of its item. */
export interface ScatterLevelDefinition {
  /** Expression that gives the list; an inner one sees the outer variables. */
  readonly over: string;
  /** Name of the variable that holds the item: letters, digits, `_`, no leading digit. @default "item" */
  readonly as?: string | undefined;
  /** Expression; items for which it is not true are left out. @default all items */
  readonly where?: string | undefined;
  /** For each item again a list: one task for each item of the innermost. At most 5 levels. @default none */
  readonly scatter?: ScatterLevelDefinition | undefined;
}

/** The outermost list of a scatter, and how its tasks run. */
export interface ScatterDefinition extends ScatterLevelDefinition {
  /** Tasks at the same time, 1 to 10_000; the same as the stage's `concurrency`. @default 100 */
  readonly concurrency?: number | undefined;
  /** `continue`: one failed task leaves the others alone; its result is `null`. @default "fail" */
  readonly onTaskFailure?: 'fail' | 'continue' | undefined;
  /** With `continue`: fewer successes than this fail the stage; 0 to 1_000_000. @default 0 */
  readonly minSuccess?: number | undefined;
}

/** What to gather, when to start, how to group. */
export interface GatherDefinition {
  /** Id or ids of the stages to gather. @default `dependsOn`, else the stage before */
  readonly from?: string | readonly string[] | undefined;
  /** Starts when `all`: every source has finished; `any`: one task has succeeded; `count`: `count` of them have. @default "all" */
  readonly condition?: 'all' | 'any' | 'count' | undefined;
  /** With `condition: count`: successes to wait for in all sources together, 1 to 1_000_000. */
  readonly count?: number | undefined;
  /** Expression on each result that names its group; a bare name is a field of the result. @default one group, key null */
  readonly groupBy?: string | undefined;
  /** One list after the other, or an object: by stage id, with groupBy by key. @default "concat" */
  readonly combine?: 'concat' | 'object' | undefined;
}

/** The list, the two actors, how results are grouped. */
export interface MapReduceDefinition {
  /** Expression that gives the list. */
  readonly over: string;
  /** Name of the variable that holds the item: letters, digits, `_`, no leading digit. @default "item" */
  readonly as?: string | undefined;
  /** Expression; items for which it is not true are left out. @default all items */
  readonly where?: string | undefined;
  /** Receives each item. */
  readonly map: ActorDefinition;
  /** Receives each group of map results. */
  readonly reduce: ActorDefinition;
  /** What the reduce actor receives; sees `group.key` and `group.items`. @default { key, items } */
  readonly reduceInput?: JsonValue | undefined;
  /** Expression on each map result that names its group; a bare name is a field of the result. @default one group, key null */
  readonly groupBy?: string | undefined;
  /** Map tasks at the same time, 1 to 10_000; the same as the stage's `concurrency`. @default 100 */
  readonly concurrency?: number | undefined;
  /** `continue`: one failed map task leaves the others alone; its result is left out. @default "fail" */
  readonly onTaskFailure?: 'fail' | 'continue' | undefined;
  /** With `continue`: fewer successful map tasks than this fail the stage; 0 to 1_000_000. @default 0 */
  readonly minSuccess?: number | undefined;
}

/** One branch of a fork-join. */
export interface BranchDefinition {
  /** Who does the work. */
  readonly actor: ActorDefinition;
  /** What the actor receives. @default the stage's input */
  readonly input?: JsonValue | undefined;
  /** Expression; the branch is skipped unless it is true, and its output is `null`. @default always runs */
  readonly when?: string | undefined;
}
