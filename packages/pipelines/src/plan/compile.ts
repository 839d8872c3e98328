import { createHash } from 'node:crypto';
import { invalidDefinition, type DefinitionIssue } from '../definition/definition-issue.js';
import { originOf } from '../definition/definition-origin.js';
import { limits } from '../definition/limits.js';
import { didYouMean, nearestName } from '../definition/nearest-name.js';
import {
  builtInModes,
  isBuiltInMode,
  type NormalisedDefinition,
} from '../definition/normalised-definition.js';
import { compileStage } from './compile-stage.js';
import type { Plan } from './plan.js';
import { ScopedCompiler } from './scoped-compiler.js';
import { resolveGraph } from './stage-graph.js';

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
  const compiled = definition.stages.map((stage, index) => compileStage(stage, index, graph, strict));
  const closing = new ScopedCompiler(graph);
  const output = closing.template(definition.output, ['output']);
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
    pinVersions: definition.pinVersions,
    actors: [...new Set(compiled.flatMap(({ actors }) => actors))],
    configOf: [...new Set([...compiled.flatMap(({ configOf }) => configOf), ...closing.configOf])],
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
