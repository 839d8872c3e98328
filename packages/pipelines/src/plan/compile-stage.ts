import type { DefinitionIssue, PathSegment } from '../definition/definition-issue.js';
import type { Template } from '../definition/expression.js';
import { isReservedName } from '../definition/limits.js';
import {
  isBuiltInStage,
  type NormalisedBuiltInStage,
  type NormalisedStage,
} from '../definition/normalised-definition.js';
import type {
  LimitDefinition,
  MapReduceDefinition,
  ScatterDefinition,
  ScatterLevelDefinition,
  WorkersDefinition,
} from '../definition/pipeline-definition.js';
import { defaults, resolveRetry } from './defaults.js';
import type {
  ActorChoice,
  KeyedLimit,
  Need,
  NodeSpec,
  PlanNode,
  ScatterLevel,
  WorkerChoice,
} from './plan.js';
import { reservedRoots, ScopedCompiler } from './scoped-compiler.js';
import type { StageGraph } from './stage-graph.js';

export interface CompiledStage {
  /** One; of a map-reduce two. */
  readonly nodes: readonly PlanNode[];
  readonly issues: readonly DefinitionIssue[];
  /** Actors named literally. */
  readonly actors: readonly string[];
  /** As {@link Plan.configOf}. */
  readonly configOf: readonly (string | null)[];
}

export function compileStage(
  stage: NormalisedStage,
  index: number,
  graph: StageGraph,
  strict: boolean,
): CompiledStage {
  const compiler = new ScopedCompiler(graph, index, strict).beside(
    'actor' in stage ? stage.actor : undefined,
  );
  const { when, output, retry, timeoutMs, stageTimeoutMs } = stage;
  const fansOut = stage.mode === 'scatter' || stage.mode === 'map-reduce';
  const hint = fansOut ? ' It decides about the whole stage; "where" decides about each item.' : '';
  const condition = compiler.expression(when, ['when'], [], hint);
  const mapping = compiler.template(output, ['output'], ['output']);
  const parts = isBuiltInStage(stage) ? partsOf(stage, compiler) : [customPart(stage, compiler)];
  const needs =
    graph.dependencies[index]?.all.map((other) => ({ node: graph.idOf(other), until: 'all' as const })) ?? [];
  const nodes = parts.map((part, position): PlanNode => ({
    stage: stage.id,
    id: part.id ?? stage.id,
    spec: part.spec,
    needs: part.needs ?? needs,
    when: condition,
    actor: part.actor,
    input: part.input,
    output: position === parts.length - 1 ? mapping : undefined,
    retry: resolveRetry(retry),
    timeoutMs,
    stageTimeoutMs,
    onFailure: stage.onFailure ?? defaults.onFailure,
    concurrency: part.concurrency ?? stage.concurrency ?? defaults.concurrency,
    priority: stage.priority ?? defaults.priority,
    workers: workerChoice(stage.workers, part.roots ?? [], part.compiler ?? compiler),
    limit:
      part.isUnlimited === true
        ? undefined
        : keyedLimit(stage.limit, part.roots ?? [], part.compiler ?? compiler),
    reads: [...compiler.reads],
  }));
  return { nodes, issues: compiler.issues, actors: [...compiler.actors], configOf: [...compiler.configOf] };
}

/** What the nodes of one stage differ in; what is left out is the stage's. */
interface NodePart {
  readonly id?: string;
  readonly spec: NodeSpec;
  readonly needs?: readonly Need[];
  readonly actor?: ActorChoice | undefined;
  readonly input?: Template | undefined;
  readonly concurrency?: number | undefined;
  /** What expressions about one task see beside the common roots. */
  readonly roots?: readonly string[];
  /** Compiles expressions about one task. */
  readonly compiler?: ScopedCompiler;
  /** The stage's limit is about its other node. */
  readonly isUnlimited?: boolean;
}

type Of<Mode extends string> = Extract<NormalisedBuiltInStage, { readonly mode: Mode }>;
type Path = readonly PathSegment[];

const groupRoots = ['group'];

function partsOf(stage: NormalisedBuiltInStage, compiler: ScopedCompiler): readonly NodePart[] {
  switch (stage.mode) {
    case 'execute':
      return [
        {
          spec: { mode: 'execute' },
          actor: compiler.actor(stage.actor, ['actor']),
          input: compiler.input(stage.input, ['input']),
        },
      ];
    case 'scatter': {
      const { spec, roots, concurrency } = fanOut(stage.scatter, ['scatter'], compiler);
      const actor = compiler.actor(stage.actor, ['actor'], roots);
      return [{ spec, concurrency, roots, actor, input: compiler.input(stage.input, ['input'], roots) }];
    }
    case 'gather':
      return [gatherPart(stage, compiler)];
    case 'map-reduce':
      return mapReduceParts(stage, compiler);
    case 'broadcast': {
      const actors = stage.actors.map((actor, index) => compiler.actor(actor, ['actors', index]));
      const spec: NodeSpec = { mode: 'broadcast', actors: actors.filter((actor) => actor !== undefined) };
      return [{ spec, input: compiler.input(stage.input, ['input']) }];
    }
    case 'fork-join':
      return [forkJoinPart(stage, compiler)];
  }
}

function gatherPart({ gather = {}, actor, input }: Of<'gather'>, compiler: ScopedCompiler): NodePart {
  const { condition = defaults.condition, count = 1, groupBy, combine = defaults.combine } = gather;
  const until = condition === 'all' ? 'all' : condition === 'any' ? 1 : count;
  const { graph, dependencies } = compiler;
  return {
    spec: {
      mode: 'gather',
      from: dependencies.from.toSorted((a, b) => a - b).map(graph.idOf),
      condition: until,
      groupBy: compiler.itemExpression(groupBy, ['gather', 'groupBy']),
      combine,
    },
    needs: dependencies.all.map((index) => ({
      node: graph.idOf(index),
      until: dependencies.from.includes(index) ? until : 'all',
    })),
    roots: groupRoots,
    actor: compiler.actor(actor, ['actor'], groupRoots),
    input: compiler.input(input, ['input'], groupRoots),
  };
}

/** A scatter with the map actor, and a gather of its results with the reduce actor. */
function mapReduceParts(
  { id, mapReduce, input }: Of<'map-reduce'>,
  compiler: ScopedCompiler,
): readonly NodePart[] {
  const { map, reduce, groupBy, reduceInput = { key: '${group.key}', items: '${group.items}' } } = mapReduce;
  const mapping = compiler.beside(map);
  const reducing = compiler.beside(reduce);
  const { spec, roots, concurrency } = fanOut(mapReduce, ['mapReduce'], mapping);
  const mapId = `${id}#map`;
  return [
    {
      id: mapId,
      spec,
      concurrency,
      roots,
      compiler: mapping,
      actor: mapping.actor(map, ['mapReduce', 'map'], roots),
      input: mapping.input(input, ['input'], roots),
    },
    {
      spec: {
        mode: 'gather',
        from: [mapId],
        condition: 'all',
        groupBy: reducing.itemExpression(groupBy, ['mapReduce', 'groupBy']),
        combine: 'concat',
      },
      needs: [{ node: mapId, until: 'all' }],
      isUnlimited: true,
      actor: reducing.actor(reduce, ['mapReduce', 'reduce'], groupRoots),
      input: reducing.input(reduceInput, ['mapReduce', 'reduceInput'], groupRoots),
    },
  ];
}

function forkJoinPart({ branches, input }: Of<'fork-join'>, compiler: ScopedCompiler): NodePart {
  const compiled = Object.entries(branches).flatMap(([name, branch]) => {
    const at = ['branches', name];
    const beside = compiler.beside(branch.actor);
    const actor = beside.actor(branch.actor, [...at, 'actor']);
    const own = beside.input(branch.input, [...at, 'input']);
    const when = beside.expression(branch.when, [...at, 'when']);
    return actor === undefined ? [] : [{ name, actor, input: own, when }];
  });
  return { spec: { mode: 'fork-join', branches: compiled }, input: compiler.input(input, ['input']) };
}

function customPart(
  stage: Exclude<NormalisedStage, NormalisedBuiltInStage>,
  compiler: ScopedCompiler,
): NodePart {
  const actor = compiler.actor(stage.actor, ['actor']);
  if (actor?.kind === 'capability')
    compiler.refuse(['actor'], 'asks for a capability, and the executor of a mode is given a name; name it.');
  return {
    spec: { mode: 'custom', name: stage.mode, options: compiler.input(stage.with, ['with']) },
    actor,
    input: compiler.input(stage.input, ['input']),
  };
}

function keyedLimit(
  limit: LimitDefinition | undefined,
  roots: readonly string[],
  compiler: ScopedCompiler,
): KeyedLimit | undefined {
  if (limit === undefined) return undefined;
  const { key, concurrency, rate } = limit;
  return { key: compiler.template(key, ['limit', 'key'], roots), concurrency, rate };
}

function workerChoice(
  workers: WorkersDefinition | undefined,
  roots: readonly string[],
  compiler: ScopedCompiler,
): WorkerChoice | undefined {
  if (workers === undefined) return undefined;
  const { version, labels = {} } = workers;
  return {
    version,
    labels: Object.entries(labels).flatMap(([name, value]) => {
      const template = compiler.template(value, ['workers', 'labels', name], roots);
      return template === undefined ? [] : [[name, template] as const];
    }),
  };
}

interface FanOut {
  readonly spec: NodeSpec;
  /** What the tasks see beside the common roots. */
  readonly roots: readonly string[];
  readonly concurrency: number | undefined;
}

function fanOut(
  block: ScatterDefinition | MapReduceDefinition,
  path: Path,
  compiler: ScopedCompiler,
): FanOut {
  const levels: ScatterLevel[] = [];
  let roots: readonly string[] = [];
  let at = path;
  for (let level: ScatterLevelDefinition | undefined = block; level !== undefined; level = level.scatter) {
    const { as = defaults.as } = level;
    checkVariable(as, levels, [...at, 'as'], compiler);
    const over = compiler.expression(level.over, [...at, 'over'], roots);
    roots = [...new Set([as, ...roots, 'item', 'index'])];
    const where = compiler.expression(level.where, [...at, 'where'], roots);
    if (over !== undefined) levels.push({ over, as, where });
    at = [...at, 'scatter'];
  }
  const { onTaskFailure = defaults.onTaskFailure, minSuccess = defaults.minSuccess, concurrency } = block;
  return { spec: { mode: 'scatter', levels, onTaskFailure, minSuccess }, roots, concurrency };
}

function checkVariable(
  name: string,
  outer: readonly ScatterLevel[],
  path: Path,
  compiler: ScopedCompiler,
): void {
  const shown = JSON.stringify(name);
  if (reservedRoots.has(name) || isReservedName(name)) {
    compiler.refuse(path, `is ${shown}, which has a meaning already; choose another name.`);
  } else if (outer.some(({ as }) => as === name)) {
    compiler.refuse(path, `is ${shown}, as is that of a level around it; name them apart.`);
  }
}
