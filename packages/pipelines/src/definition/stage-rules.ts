import { checkActorQuery } from '@certoai/loom-discovery';
import type { PathSegment } from './definition-issue.js';
import { isReservedName, limits } from './limits.js';
import type {
  GatherDefinition,
  LimitDefinition,
  MapReduceDefinition,
  RetryDefinition,
  ScatterDefinition,
  WorkersDefinition,
} from './pipeline-definition.js';

/** An accepted stage of any mode, as far as one field of it bears on another. */
export interface RuledStage {
  readonly mode: string;
  readonly retry?: RetryDefinition | undefined;
  readonly concurrency?: number | undefined;
  readonly limit?: LimitDefinition | undefined;
  readonly workers?: WorkersDefinition | undefined;
  readonly scatter?: ScatterDefinition | undefined;
  readonly mapReduce?: MapReduceDefinition | undefined;
  readonly gather?: Omit<GatherDefinition, 'from'> | undefined;
  readonly branches?: object | undefined;
  readonly actor?: unknown;
  readonly input?: unknown;
}

/** Where in the stage, and the rest of the sentence that begins with that place. */
type BrokenRule = readonly [path: readonly PathSegment[], text: string];

/** What fields must keep with one another, which the shape of a stage cannot say. */
export function* brokenRules(stage: RuledStage): Generator<BrokenRule> {
  const { initialDelayMs = 0, maxDelayMs = Infinity } = stage.retry ?? {};
  if (initialDelayMs > maxDelayMs) {
    const text = `is ${initialDelayMs}, more than maxDelayMs (${maxDelayMs}); lower it or raise maxDelayMs.`;
    yield [['retry', 'initialDelayMs'], text];
  }
  if (stage.limit !== undefined && Object.values(stage.limit).every((value) => value === undefined)) {
    yield [['limit'], 'says nothing; give it key, concurrency or rate, or take it out.'];
  }
  if (stage.workers !== undefined) yield* brokenWorkersRules(stage.workers, stage.limit);
  for (const name of ['scatter', 'mapReduce'] as const) {
    const { concurrency, minSuccess, onTaskFailure } = stage[name] ?? {};
    if (concurrency !== undefined && stage.concurrency !== undefined) {
      yield [[name, 'concurrency'], "and the stage's concurrency say the same thing; give one."];
    }
    if (minSuccess !== undefined && onTaskFailure !== 'continue') {
      yield [[name, 'minSuccess'], `has no effect unless onTaskFailure is "continue"; ${addOrTakeOut}`];
    }
  }
  let depth = 0;
  for (
    let level: { readonly scatter?: unknown } | undefined = stage;
    level;
    level = level.scatter as typeof level
  )
    depth += 1;
  if (depth - 1 > limits.scatterLevels) {
    yield [['scatter'], `has ${depth - 1} levels; expected at most ${limits.scatterLevels}.`];
  }
  if (stage.branches !== undefined) yield* brokenBranchRules(Object.keys(stage.branches));
  if (stage.mode === 'gather') yield* brokenGatherRules(stage);
}

function* brokenWorkersRules(
  { version, labels }: WorkersDefinition,
  limit: LimitDefinition | undefined,
): Generator<BrokenRule> {
  if (version === undefined && labels === undefined) {
    yield [['workers'], 'says nothing; give it version or labels, or take it out.'];
  }
  if (limit !== undefined) {
    yield [
      ['workers'],
      'and limit cannot stand together, as a limit counts the tasks of all workers; give one.',
    ];
  }
  if (version !== undefined && !isVersionRange(version)) {
    const text = `is ${JSON.stringify(version)}; expected a semantic version range, such as "^2.1".`;
    yield [['workers', 'version'], text];
  }
  const count = labels === undefined ? 1 : Object.keys(labels).length;
  if (count === 0 || count > limits.labels) {
    yield [['workers', 'labels'], `has ${count} labels; expected 1 to ${limits.labels}.`];
  }
}

function isVersionRange(version: string): boolean {
  try {
    checkActorQuery({ version });
    return true;
  } catch {
    return false;
  }
}

const addOrTakeOut = 'add that or take it out.';

function* brokenBranchRules(names: readonly string[]): Generator<BrokenRule> {
  if (names.length === 0 || names.length > limits.branches) {
    yield [['branches'], `has ${names.length} branches; expected 1 to ${limits.branches}.`];
  }
  for (const name of names.filter(isReservedName)) {
    yield [['branches', name], 'has a name that JavaScript objects have already; choose another.'];
  }
}

function* brokenGatherRules({ gather = {}, actor, input }: RuledStage): Generator<BrokenRule> {
  const { condition, count } = gather;
  if (condition === 'count' && count === undefined) {
    yield [['gather', 'count'], 'is missing; expected how many successes to wait for.'];
  }
  if (condition !== 'count' && count !== undefined) {
    yield [['gather', 'count'], `has no effect unless condition is "count"; ${addOrTakeOut}`];
  }
  if (actor === undefined && input !== undefined) {
    yield [['input'], 'has no effect without an actor that receives it; add actor, or use output.'];
  }
}
