import type { JsonValue } from '@certoai/loom-core';
import { readExpression, type CompileExpressionOptions } from '../definition/compile-expression.js';
import { quoted } from '../definition/evaluate-expression.js';
import { readTemplate } from '../definition/compile-template.js';
import { pathText, type DefinitionIssue, type PathSegment } from '../definition/definition-issue.js';
import type { ExpressionProblem } from '../definition/expression-analysis.js';
import { splitTemplate } from '../definition/expression-scanner.js';
import { configuration, type Expression, type Template } from '../definition/expression.js';
import { variablePattern } from '../definition/limits.js';
import { didYouMean, nearestName } from '../definition/nearest-name.js';
import type { ActorDefinition } from '../definition/pipeline-definition.js';
import type { ActorChoice } from './plan.js';
import { noDependencies, type Dependencies, type StageGraph } from './stage-graph.js';

/** Roots that every expression sees. */
export const commonRoots: readonly string[] = ['input', 'stages', 'execution', 'config'];

/** Every name that is a root somewhere, and so no name for a variable. */
export const reservedRoots: ReadonlySet<string> = new Set([...commonRoots, 'index', 'group', 'output']);

type Path = readonly PathSegment[];

/**
 * Compiles the expressions of one stage (or of the pipeline's output) and collects what is wrong with
 * them: syntax, roots that are not visible where they stand, stages that do not exist or do not lie
 * upstream.
 */
export class ScopedCompiler {
  readonly issues: DefinitionIssue[];
  /** Ids of the stages that any expression read. */
  readonly reads: Set<string>;
  /** Actors named literally. */
  readonly actors: Set<string>;
  /** Actor types whose `config` any expression reads; `null`: that of the tenant alone. */
  readonly configOf: Set<string | null>;
  readonly graph: StageGraph;
  readonly dependencies: Dependencies;
  readonly #stage: number | undefined;
  readonly #base: Path;
  readonly #strict: boolean;
  readonly #actorType: string | null;

  /**
   * @param stage - index of the stage; absent: the pipeline's output, which comes after all of them. Paths
   * are relative to the stage.
   * @param strict - a missing path in an {@link input} is an error
   * @param around - collects what is found here too
   * @param actorType - whose `config` is read
   */
  constructor(
    graph: StageGraph,
    stage?: number,
    strict = false,
    around?: ScopedCompiler,
    actorType: string | null = null,
  ) {
    this.issues = around?.issues ?? [];
    this.reads = around?.reads ?? new Set();
    this.actors = around?.actors ?? new Set();
    this.configOf = around?.configOf ?? new Set();
    this.graph = graph;
    this.dependencies = (stage === undefined ? undefined : graph.dependencies[stage]) ?? noDependencies;
    this.#stage = stage;
    this.#base = stage === undefined ? [] : ['stages', stage];
    this.#strict = strict;
    this.#actorType = actorType;
  }

  /** For expressions about the work of one actor: their `config` is that of its type, when it is named literally. */
  beside(actor: ActorDefinition | undefined): ScopedCompiler {
    return new ScopedCompiler(this.graph, this.#stage, this.#strict, this, literalName(actor));
  }

  /** @param hint - added when it reads a root that is not visible */
  expression(
    source: string | undefined,
    path: Path,
    roots: readonly string[] = [],
    hint = '',
  ): Expression | undefined {
    return this.#expression(source, path, this.#options(roots, hint));
  }

  /** An expression on the root `item`, whose fields it may name bare. */
  itemExpression(source: string | undefined, path: Path): Expression | undefined {
    const itemRoots = new Set([...commonRoots, 'item']);
    return this.#expression(source, path, { ...this.#options(['item']), itemRoots });
  }

  template(
    value: JsonValue | undefined,
    path: Path,
    roots: readonly string[] = [],
    strict = false,
  ): Template | undefined {
    if (value === undefined) return undefined;
    const { template, issues } = readTemplate(value, [...this.#base, ...path], {
      ...this.#options(roots),
      strict,
    });
    this.issues.push(...issues);
    for (const stage of template.stages) this.reads.add(stage);
    return this.#configured(template);
  }

  /** A template whose missing paths count as the definition says. */
  input(value: JsonValue | undefined, path: Path, roots: readonly string[] = []): Template | undefined {
    return this.template(value, path, roots, this.#strict);
  }

  actor(
    definition: ActorDefinition | undefined,
    path: Path,
    roots: readonly string[] = [],
  ): ActorChoice | undefined {
    if (definition === undefined) return undefined;
    if (typeof definition === 'string') return this.#actorText(definition, path, roots);
    if ('capability' in definition)
      return { kind: 'capability', capabilities: [definition.capability].flat() };
    const rules = definition.rules.flatMap((rule, index) => {
      const at = [...path, 'rules', index];
      const actor = this.#literalActor(rule.actor, [...at, 'actor']);
      const when = this.expression(rule.when, [...at, 'when'], roots);
      return when === undefined || actor === undefined ? [] : [{ when, actor }];
    });
    return { kind: 'rules', rules, default: this.#literalActor(definition.default, [...path, 'default']) };
  }

  refuse(path: Path, text: string, suggestion?: string): void {
    const where = pathText([...this.#base, ...path]);
    this.issues.push({
      path: where,
      message: `${where} ${text}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  #actorText(text: string, path: Path, roots: readonly string[]): ActorChoice | undefined {
    const actor = literalName(text);
    if (actor !== null) {
      this.actors.add(actor);
      return { kind: 'literal', actor };
    }
    const [only, ...more] = splitTemplate(text);
    if (only?.kind === 'expression' && more.length === 0) {
      const expression = this.expression(only.source, path, roots);
      return expression && { kind: 'expression', expression };
    }
    const template = this.template(text, path, roots);
    return template && { kind: 'expression', expression: { source: text, ...template } };
  }

  #literalActor(actor: string | undefined, path: Path): string | undefined {
    if (actor === undefined) return undefined;
    if (actor.includes('${')) {
      this.refuse(
        path,
        `is ${JSON.stringify(actor)}; rules name an actor literally, so put the choice into when.`,
      );
      return undefined;
    }
    this.actors.add(actor);
    return actor;
  }

  #expression(
    source: string | undefined,
    path: Path,
    options: CompileExpressionOptions,
  ): Expression | undefined {
    if (source === undefined) return undefined;
    const { expression, problems } = readExpression(source, options);
    const where = pathText([...this.#base, ...path]);
    for (const { text, suggestion } of problems) {
      const message = `${where}: ${quoted(source)} ${text}`;
      this.issues.push({
        path: where,
        message,
        value: source,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    }
    for (const stage of expression?.stages ?? []) this.reads.add(stage);
    return expression && this.#configured(expression);
  }

  /** What reads `config` reads that of the actor type it stands beside. */
  #configured<Compiled extends Expression | Template>(compiled: Compiled): Compiled {
    if (!compiled.roots.has('config')) return compiled;
    const actorType = this.#actorType;
    this.configOf.add(actorType);
    return {
      ...compiled,
      evaluate: (scope) => compiled.evaluate({ ...scope, config: scope[configuration]?.(actorType) ?? null }),
    };
  }

  #options(extraRoots: readonly string[], hint = ''): CompileExpressionOptions {
    const roots = [...extraRoots, ...commonRoots];
    return {
      allStages: { [Symbol.iterator]: () => this.#upstreamIds() },
      check: (expression) => [
        ...[...expression.roots].flatMap((root) =>
          roots.includes(root) ? [] : [unknownRoot(root, roots, expression, hint)],
        ),
        ...[...expression.stages].flatMap((id) => this.#checkStage(id)),
      ],
    };
  }

  *#upstreamIds(): IterableIterator<string> {
    for (const [id, index] of this.graph.ids) {
      if (this.#stage === undefined || this.graph.isUpstream(index, this.#stage)) yield id;
    }
  }

  #checkStage(id: string): readonly ExpressionProblem[] {
    const index = this.graph.ids.get(id);
    if (index === undefined) {
      const suggestion = nearestName(id, this.graph.ids.keys());
      const written =
        suggestion === undefined || variablePattern.test(suggestion)
          ? suggestion
          : JSON.stringify(suggestion);
      const hint =
        written === undefined ? `; the stages are ${this.#someIds()}.` : `; did you mean stages.${written}?`;
      return [{ text: `reads stages.${id}, which is no stage of this pipeline${hint}`, suggestion }];
    }
    if (this.#stage === undefined || (index !== this.#stage && this.graph.isUpstream(index, this.#stage)))
      return [];
    if (index === this.#stage) {
      return [
        { text: `reads stages.${id}, the stage it belongs to; in "output" its own output is called output.` },
      ];
    }
    const { all: needed, from } = this.dependencies;
    if (from.includes(index)) {
      return [
        {
          text: `reads stages.${id}, which this gather does not wait for to finish; read group.items, or let condition be "all".`,
        },
      ];
    }
    if (this.graph.isUpstream(this.#stage, index)) {
      return [
        {
          text: `reads stages.${id}, which runs after this stage; give this one dependsOn to change the order.`,
        },
      ];
    }
    const list = [...needed.map((target) => this.graph.idOf(target)), id].join(', ');
    const text = `reads stages.${id}, which need not have finished by then; wait for it: dependsOn: [${list}].`;
    return [{ text }];
  }

  #someIds(): string {
    const ids = [...this.graph.ids.keys()];
    return ids.length > 10 ? `${ids.slice(0, 10).join(', ')}, …` : ids.join(', ');
  }
}

/** The actor that a definition names without any expression. */
function literalName(definition: ActorDefinition | undefined): string | null {
  if (typeof definition !== 'string') return null;
  const [only, ...more] = splitTemplate(definition);
  return only?.kind === 'text' && more.length === 0 ? only.text : null;
}

function unknownRoot(
  root: string,
  roots: readonly string[],
  { source }: Expression,
  hint: string,
): ExpressionProblem {
  const here = `here it can read ${roots.join(', ')}`;
  if (['true', 'false', 'null'].includes(root)) {
    return { text: `reads a field called ${root}; the value ${root} stands in backticks: \`${root}\`.` };
  }
  if (source.includes(`"${root}"`)) {
    return { text: `reads a field called "${root}"; a text stands in single quotes: '${root}'.` };
  }
  const suggestion = nearestName(root, roots);
  return { text: `reads ${root}, which is not known; ${here}${didYouMean(suggestion)}${hint}`, suggestion };
}
