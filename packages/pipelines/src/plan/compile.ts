import { createHash } from 'node:crypto';
import type { JsonValue } from '@certoai/loom-core';
import { invalidDefinition, type DefinitionIssue, type PathSegment } from '../definition/definition-issue.js';
import { originOf } from '../definition/definition-origin.js';
import type { Template } from '../definition/expression.js';
import { limits } from '../definition/limits.js';
import {
  builtInModes,
  isBuiltInMode,
  isBuiltInStage,
  type NormalisedBuiltInStage,
  type NormalisedDefinition,
  type NormalisedStage,
} from '../definition/normalised-definition.js';
import { didYouMean, nearestName } from '../definition/nearest-name.js';
import type { ScatterLevelDefinition } from '../definition/pipeline-definition.js';
import { defaults, resolveRetry } from './defaults.js';
import type { ActorChoice, Need, NodeSpec, Plan, PlanNode, ScatterLevel } from './plan.js';
import { reservedRoots, ScopedCompiler } from './scoped-compiler.js';
import { resolveGraph, type Dependencies, type StageGraph } from './stage-graph.js';

/**
 * Makes an accepted definition ready to run: resolves the graph, compiles every expression, fills in the
 * defaults. Pure.
 * @param text - what is pinned and hashed; from {@link compilePlanFromText} the text it came from
 * @throws LoomError `LOOM_INVALID_DEFINITION` that lists every problem, as `parseDefinition` does
 */
export function compilePlan(
  definition: NormalisedDefinition,
  text: string = JSON.stringify(definition),
): Plan {
  const graph = resolveGraph(definition.stages);
  const strict = definition.strictInputs ?? false;
  const compiled = definition.stages.map((stage, index) =>
    new StageCompiler(stage, index, graph, strict).compile(),
  );
  const closing = new ScopedCompiler(graph, undefined);
  const output =
    definition.output === undefined ? undefined : closing.template(definition.output, ['output']);
  const issues = [...graph.issues, ...compiled.flatMap((stage) => stage.issues), ...closing.issues];
  if (text.length > limits.textLength) {
    const message = `The definition has ${text.length} characters as JSON; expected at most ${limits.textLength}. Pass large values as input.`;
    issues.push({ path: '', message });
  }
  if (issues.length > 0) {
    const origin = originOf(definition);
    throw invalidDefinition(issues.map(origin.place), { name: definition.name, source: origin.source });
  }
  const nodes = graph.order.flatMap((index) => compiled[index]?.nodes ?? []);
  const needed = new Set(nodes.flatMap(({ needs }) => needs.map(({ node }) => node)));
  return Object.freeze({
    hash: createHash('sha256').update(text).digest('hex'),
    text,
    name: definition.name,
    nodes,
    byId: new Map(nodes.map((node) => [node.id, node])),
    output,
    terminals: nodes.map(({ id }) => id).filter((id) => !needed.has(id)),
    inputSchema: definition.input,
    timeoutMs: definition.timeoutMs,
    strictInputs: strict,
    actors: [...new Set(compiled.flatMap(({ actors }) => actors))],
  });
}

/**
 * The plan of a pinned definition, after a restart; loads no schema library.
 * @param modes - names of the modes registered in this process
 * @throws LoomError `LOOM_INVALID_DEFINITION` when `text` is none, or uses a mode that is not registered here
 */
export function compilePlanFromText(text: string, modes: ReadonlySet<string>): Plan {
  const definition = readText(text);
  const issues: DefinitionIssue[] = [];
  const known = [...builtInModes, ...modes];
  definition.stages.forEach(({ mode }, index) => {
    if (isBuiltInMode(mode) || modes.has(mode)) return;
    const path = `stages[${index}].mode`;
    const suggestion = nearestName(mode, known);
    const problem = `is ${JSON.stringify(mode)}, which is not registered in this process${didYouMean(suggestion)}`;
    issues.push({ path, message: `${path} ${problem}`, suggestion });
  });
  if (issues.length > 0) throw invalidDefinition(issues, { name: definition.name });
  return compilePlan(definition, text);
}

function readText(text: string): NormalisedDefinition {
  let definition: unknown;
  try {
    definition = JSON.parse(text);
  } catch {
    definition = undefined;
  }
  const stages = (definition as { readonly stages?: unknown } | null | undefined)?.stages;
  if (Array.isArray(stages)) return definition as NormalisedDefinition;
  throw invalidDefinition([
    { path: '', message: 'The stored text is not a definition; it was changed or cut off.' },
  ]);
}

interface CompiledStage {
  readonly nodes: readonly PlanNode[];
  readonly issues: readonly DefinitionIssue[];
  readonly actors: readonly string[];
}

/** What the nodes of one stage differ in. */
interface NodePart {
  readonly id: string;
  readonly spec: NodeSpec;
  readonly needs: readonly Need[];
  readonly actor?: ActorChoice | undefined;
  readonly input?: Template | undefined;
  readonly output?: Template | undefined;
  readonly concurrency?: number | undefined;
}

type Of<Mode extends string> = Extract<NormalisedBuiltInStage, { readonly mode: Mode }>;

const groupRoots = ['group'];

class StageCompiler {
  readonly #stage: NormalisedStage;
  readonly #path: readonly PathSegment[];
  readonly #dependencies: Dependencies;
  readonly #idOf: StageGraph['idOf'];
  readonly #strict: boolean;
  readonly #compiler: ScopedCompiler;

  constructor(stage: NormalisedStage, index: number, graph: StageGraph, strict: boolean) {
    this.#stage = stage;
    this.#path = ['stages', index];
    this.#dependencies = graph.dependencies[index] ?? { all: [], from: [], byOrder: true, partial: false };
    this.#idOf = graph.idOf;
    this.#strict = strict;
    this.#compiler = new ScopedCompiler(graph, index);
  }

  compile(): CompiledStage {
    const { when, output } = this.#stage;
    const fansOut = this.#stage.mode === 'scatter' || this.#stage.mode === 'map-reduce';
    const hint = fansOut ? ' It decides about the whole stage; "where" decides about each item.' : '';
    const condition =
      when === undefined ? undefined : this.#compiler.expression(when, this.#at('when'), [], hint);
    const mapping =
      output === undefined
        ? undefined
        : this.#compiler.template(output, this.#at('output'), { roots: ['output'] });
    const parts = isBuiltInStage(this.#stage) ? this.#builtIn(this.#stage) : this.#custom();
    const { retry, timeoutMs, stageTimeoutMs } = this.#stage;
    const common = {
      stage: this.#stage.id,
      when: condition,
      retry: resolveRetry(retry),
      timeoutMs,
      stageTimeoutMs,
      onFailure: this.#stage.onFailure ?? defaults.onFailure,
      priority: this.#stage.priority ?? defaults.priority,
      reads: [...this.#compiler.reads],
    };
    const nodes = parts.map((part, index): PlanNode => ({
      ...common,
      id: part.id,
      spec: part.spec,
      needs: part.needs,
      actor: part.actor,
      input: part.input,
      output: index === parts.length - 1 ? mapping : undefined,
      concurrency: part.concurrency ?? this.#stage.concurrency ?? defaults.concurrency,
    }));
    return { nodes, issues: this.#compiler.issues, actors: [...this.#compiler.actors] };
  }

  #builtIn(stage: NormalisedBuiltInStage): readonly NodePart[] {
    switch (stage.mode) {
      case 'execute':
        return [
          {
            id: stage.id,
            spec: { mode: 'execute' },
            needs: this.#needs(),
            actor: this.#compiler.actor(stage.actor, this.#at('actor')),
            input: this.#input(stage.input),
          },
        ];
      case 'scatter':
        return [this.#scatter(stage)];
      case 'gather':
        return [this.#gather(stage)];
      case 'map-reduce':
        return this.#mapReduce(stage);
      case 'broadcast':
        return [this.#broadcast(stage)];
      case 'fork-join':
        return [this.#forkJoin(stage)];
    }
  }

  #scatter(stage: Of<'scatter'>): NodePart {
    const { scatter } = stage;
    const { levels, roots } = this.#levels(scatter, this.#at('scatter'));
    return {
      id: stage.id,
      spec: {
        mode: 'scatter',
        levels,
        onTaskFailure: scatter.onTaskFailure ?? defaults.onTaskFailure,
        minSuccess: scatter.minSuccess ?? defaults.minSuccess,
      },
      needs: this.#needs(),
      actor: this.#compiler.actor(stage.actor, this.#at('actor'), roots),
      input: this.#input(stage.input, roots),
      concurrency: scatter.concurrency,
    };
  }

  #gather(stage: Of<'gather'>): NodePart {
    const {
      condition = defaults.condition,
      count = 1,
      groupBy,
      combine = defaults.combine,
    } = stage.gather ?? {};
    const until = condition === 'all' ? 'all' : condition === 'any' ? 1 : count;
    const from = this.#dependencies.from;
    return {
      id: stage.id,
      spec: {
        mode: 'gather',
        from: [...from].sort((a, b) => a - b).map((index) => this.#idOf(index)),
        condition: until,
        groupBy:
          groupBy === undefined
            ? undefined
            : this.#compiler.itemExpression(groupBy, this.#at('gather', 'groupBy')),
        combine,
      },
      needs: this.#dependencies.all.map((index) => ({
        node: this.#idOf(index),
        until: from.includes(index) ? until : 'all',
      })),
      actor:
        stage.actor === undefined
          ? undefined
          : this.#compiler.actor(stage.actor, this.#at('actor'), groupRoots),
      input: this.#input(stage.input, groupRoots),
    };
  }

  /** Two nodes: a scatter with the map actor, and a gather of its results with the reduce actor. */
  #mapReduce(stage: Of<'map-reduce'>): readonly NodePart[] {
    const { mapReduce } = stage;
    const at = this.#at('mapReduce');
    const { levels, roots } = this.#levels(mapReduce, at);
    const mapId = `${stage.id}#map`;
    const { groupBy, reduceInput } = mapReduce;
    return [
      {
        id: mapId,
        spec: {
          mode: 'scatter',
          levels,
          onTaskFailure: mapReduce.onTaskFailure ?? defaults.onTaskFailure,
          minSuccess: mapReduce.minSuccess ?? defaults.minSuccess,
        },
        needs: this.#needs(),
        actor: this.#compiler.actor(mapReduce.map, [...at, 'map'], roots),
        input: this.#input(stage.input, roots),
        concurrency: mapReduce.concurrency,
      },
      {
        id: stage.id,
        spec: {
          mode: 'gather',
          from: [mapId],
          condition: 'all',
          groupBy:
            groupBy === undefined ? undefined : this.#compiler.itemExpression(groupBy, [...at, 'groupBy']),
          combine: 'concat',
        },
        needs: [{ node: mapId, until: 'all' }],
        actor: this.#compiler.actor(mapReduce.reduce, [...at, 'reduce'], groupRoots),
        input:
          reduceInput === undefined
            ? this.#groupInput()
            : this.#compiler.template(reduceInput, [...at, 'reduceInput'], {
                roots: groupRoots,
                strict: this.#strict,
              }),
      },
    ];
  }

  #broadcast(stage: Of<'broadcast'>): NodePart {
    const actors = stage.actors.map((actor, index) => this.#compiler.actor(actor, this.#at('actors', index)));
    return {
      id: stage.id,
      spec: { mode: 'broadcast', actors: actors.filter((actor) => actor !== undefined) },
      needs: this.#needs(),
      input: this.#input(stage.input),
    };
  }

  #forkJoin(stage: Of<'fork-join'>): NodePart {
    const branches = Object.entries(stage.branches).flatMap(([name, branch]) => {
      const at = this.#at('branches', name);
      const actor = this.#compiler.actor(branch.actor, [...at, 'actor']);
      const input = this.#input(branch.input, [], [...at, 'input']);
      const when =
        branch.when === undefined ? undefined : this.#compiler.expression(branch.when, [...at, 'when']);
      return actor === undefined ? [] : [{ name, actor, input, when }];
    });
    return {
      id: stage.id,
      spec: { mode: 'fork-join', branches },
      needs: this.#needs(),
      input: this.#input(stage.input),
    };
  }

  #custom(): readonly NodePart[] {
    const {
      id,
      mode,
      actor,
      input,
      with: options,
    } = this.#stage as Exclude<NormalisedStage, NormalisedBuiltInStage>;
    const template =
      options === undefined
        ? undefined
        : this.#compiler.template(options, this.#at('with'), { strict: this.#strict });
    return [
      {
        id,
        spec: { mode: 'custom', name: mode, options: template },
        needs: this.#needs(),
        actor: actor === undefined ? undefined : this.#compiler.actor(actor, this.#at('actor')),
        input: this.#input(input),
      },
    ];
  }

  /** The levels of a fan-out, outermost first, and the roots that its tasks see. */
  #levels(
    outermost: ScatterLevelDefinition,
    path: readonly PathSegment[],
  ): { readonly levels: readonly ScatterLevel[]; readonly roots: readonly string[] } {
    const levels: ScatterLevel[] = [];
    let roots: readonly string[] = [];
    let at = path;
    for (
      let level: ScatterLevelDefinition | undefined = outermost;
      level !== undefined;
      level = level.scatter
    ) {
      const as = level.as ?? defaults.as;
      this.#checkVariable(as, levels, [...at, 'as']);
      const over = this.#compiler.expression(level.over, [...at, 'over'], roots);
      roots = [...new Set([as, ...roots, 'item', 'index'])];
      const where =
        level.where === undefined
          ? undefined
          : this.#compiler.expression(level.where, [...at, 'where'], roots);
      if (over !== undefined) levels.push({ over, as, where });
      at = [...at, 'scatter'];
    }
    return { levels, roots };
  }

  #checkVariable(name: string, outer: readonly ScatterLevel[], path: readonly PathSegment[]): void {
    if (reservedRoots.has(name) || name in Object.prototype) {
      this.#compiler.refuse(
        path,
        `is ${JSON.stringify(name)}, which has a meaning already; choose another name.`,
      );
    } else if (outer.some(({ as }) => as === name)) {
      this.#compiler.refuse(
        path,
        `is ${JSON.stringify(name)}, as is that of a level around it; name them apart.`,
      );
    }
  }

  #input(
    value: JsonValue | undefined,
    roots: readonly string[] = [],
    path: readonly PathSegment[] = this.#at('input'),
  ): Template | undefined {
    return value === undefined
      ? undefined
      : this.#compiler.template(value, path, { roots, strict: this.#strict });
  }

  #groupInput(): Template {
    return this.#compiler.template({ key: '${group.key}', items: '${group.items}' }, this.#path, {
      roots: groupRoots,
    });
  }

  #needs(): readonly Need[] {
    return this.#dependencies.all.map((index) => ({ node: this.#idOf(index), until: 'all' }));
  }

  #at(...segments: readonly PathSegment[]): readonly PathSegment[] {
    return [...this.#path, ...segments];
  }
}
