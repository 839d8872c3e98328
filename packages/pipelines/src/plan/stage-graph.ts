import { pathText, type DefinitionIssue } from '../definition/definition-issue.js';
import { didYouMean, nearestName } from '../definition/nearest-name.js';
import type { NormalisedGather, NormalisedStage } from '../definition/normalised-definition.js';

/** Which stage waits for which. Stages are meant by their index in the definition. */
export interface StageGraph {
  readonly ids: ReadonlyMap<string, number>;
  /** Id of the stage at an index. */
  idOf(this: void, index: number): string;
  /** For each stage what it waits for, and for a gather what it gathers. */
  readonly dependencies: readonly Dependencies[];
  /** Topological, ties in the order of the definition; stages on a cycle are not in it. */
  readonly order: readonly number[];
  readonly issues: readonly DefinitionIssue[];
  /** Whether `other` is sure to have finished before `stage` starts; `true` for all when the graph has a problem. */
  isUpstream(other: number, stage: number): boolean;
}

export interface Dependencies {
  /** Without duplicates, in the order they were named. */
  readonly all: readonly number[];
  /** For a gather: the stages it gathers, all of them in `all`. */
  readonly from: readonly number[];
  /** Nothing was said, so the stage follows the one before it. */
  readonly byOrder: boolean;
  /** A gather that starts before all of `from` has finished. */
  readonly partial: boolean;
}

export const noDependencies: Dependencies = { all: [], from: [], byOrder: false, partial: false };

export function resolveGraph(stages: readonly NormalisedStage[]): StageGraph {
  const ids = new Map(stages.map(({ id }, index) => [id, index]));
  const issues: DefinitionIssue[] = [];
  const dependencies = stages.map((stage, index) => dependenciesOf(stage, index, ids, issues));
  const order = topologicalOrder(dependencies);
  if (order.length < stages.length) issues.push(...cycleIssues(stages, dependencies, new Set(order)));
  return {
    ids,
    idOf: (index) => stages[index]?.id ?? '',
    dependencies,
    order,
    issues,
    isUpstream: (other, stage) => issues.length > 0 || hasFinished(other, stage, dependencies),
  };
}

function dependenciesOf(
  stage: NormalisedStage,
  index: number,
  ids: ReadonlyMap<string, number>,
  issues: DefinitionIssue[],
): Dependencies {
  const before = index === 0 ? [] : [index - 1];
  const resolve = (named: readonly string[], field: readonly string[]): readonly number[] => {
    const found = new Set<number>();
    named.forEach((id, position) => {
      const at = pathText(['stages', index, ...field, ...(named.length > 1 ? [position] : [])]);
      const target = ids.get(id);
      if (target === undefined) {
        const suggestion = nearestName(id, ids.keys());
        const message = `${at} is ${JSON.stringify(id)}, which is no stage of this pipeline${didYouMean(suggestion)}`;
        issues.push({ path: at, message, value: JSON.stringify(id), expected: 'a stage id', suggestion });
      } else if (found.has(target)) {
        issues.push({
          path: at,
          message: `${at} names ${JSON.stringify(id)} a second time; once is enough.`,
        });
      } else {
        found.add(target);
      }
    });
    return [...found];
  };
  const explicit = stage.dependsOn === undefined ? undefined : resolve(stage.dependsOn, ['dependsOn']);
  if (stage.mode !== 'gather')
    return { all: explicit ?? before, from: [], byOrder: explicit === undefined, partial: false };
  const gather = (stage as { readonly gather?: NormalisedGather }).gather ?? {};
  const from = gather.from === undefined ? (explicit ?? before) : resolve(gather.from, ['gather', 'from']);
  const named = gather.from ?? stage.dependsOn ?? before;
  if (named.length === 0) {
    const at = pathText(['stages', index, 'gather', 'from']);
    const reason = gather.from === undefined ? 'is missing, and no stage comes before' : 'is empty';
    issues.push({
      path: at,
      message: `${at} ${reason}; name the stages to gather.`,
      expected: 'one stage id or more',
    });
  }
  const byOrder = gather.from === undefined && explicit === undefined;
  const { condition = 'all' } = gather;
  const partial = condition !== 'all';
  for (const target of partial && gather.from !== undefined ? (explicit ?? []) : []) {
    if (!from.includes(target)) continue;
    const at = pathText(['stages', index, 'dependsOn']);
    const message = `${at} names a stage that gather.from names, and condition "${condition}" does not wait for it to finish; take it out of one of them.`;
    issues.push({ path: at, message });
  }
  return { all: [...new Set([...from, ...(explicit ?? [])])], from, byOrder, partial };
}

/**
 * Passes over the definition, each taking what has become ready. One pass for a definition that is in
 * order, which nearly all are; a chain written backwards needs as many as it is long.
 */
function topologicalOrder(dependencies: readonly Dependencies[]): readonly number[] {
  const placed = new Set<number>();
  for (let before = -1; placed.size > before;) {
    before = placed.size;
    dependencies.forEach(({ all }, index) => {
      if (!placed.has(index) && all.every((target) => placed.has(target))) placed.add(index);
    });
  }
  return [...placed];
}

/** Every cycle that a walk along the first unresolved dependency of each stage finds. */
function cycleIssues(
  stages: readonly NormalisedStage[],
  dependencies: readonly Dependencies[],
  resolved: ReadonlySet<number>,
): readonly DefinitionIssue[] {
  const issues: DefinitionIssue[] = [];
  const seen = new Set<number>(resolved);
  for (const start of stages.keys()) {
    const walk: number[] = [];
    let at: number | undefined = start;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      walk.push(at);
      at = dependencies[at]?.all.find((target) => !resolved.has(target));
    }
    const first = at === undefined ? -1 : walk.indexOf(at);
    if (first !== -1) issues.push(cycleIssue(walk.slice(first), stages, dependencies));
  }
  return issues;
}

function cycleIssue(
  cycle: readonly number[],
  stages: readonly NormalisedStage[],
  dependencies: readonly Dependencies[],
): DefinitionIssue {
  const idOf = (index: number | undefined): string => (index === undefined ? '' : (stages[index]?.id ?? ''));
  const [start = 0] = cycle;
  const around = [...cycle, start].map(idOf);
  const names = (around.length > 12 ? [...around.slice(0, 8), '…', ...around.slice(-3)] : around).join(
    ' -> ',
  );
  const path = pathText(['stages', start]);
  const byOrder = cycle.find((index) => dependencies[index]?.byOrder === true);
  const hint =
    byOrder === undefined
      ? ''
      : ` ${idOf(byOrder)} waits for ${idOf(byOrder - 1)} only because it comes after it; give it dependsOn.`;
  if (cycle.length === 1)
    return { path, message: `${path} waits for itself; take ${idOf(start)} out of its dependencies.` };
  return {
    path,
    message: `${path} waits for itself by way of others: ${names} (each waits for the next).${hint}`,
  };
}

/** Walks up from `stage`. Most expressions read a stage close by, so most walks are short. */
function hasFinished(other: number, stage: number, dependencies: readonly Dependencies[]): boolean {
  const walked = new Set([stage]);
  for (const index of walked) {
    const { all, from, partial } = dependencies[index] ?? noDependencies;
    for (const target of all) {
      // What a partial gather gathers may still run; what came before that has finished.
      if (target === other && !(partial && from.includes(target))) return true;
      walked.add(target);
    }
  }
  return false;
}
