import type { JsonValue } from '@certoai/loom-core';
import type { ZodType } from 'zod';
import {
  invalidDefinition,
  pathText,
  valueText,
  wrongValue,
  type DefinitionIssue,
  type PathSegment,
} from './definition-issue.js';
import { originOf, rememberOrigin } from './definition-origin.js';
import { isSchemaLike, jsonSchemaOf } from './input-schema.js';
import { compileJsonSchema } from './json-schema/compile-json-schema.js';
import { laterModes, laterStageFields, laterText } from './later-release.js';
import { isReservedName, limits } from './limits.js';
import { didYouMean, nearestName } from './nearest-name.js';
import {
  builtInModes,
  isBuiltInMode,
  type NormalisedDefinition,
  type NormalisedStage,
} from './normalised-definition.js';
import { copyPlainData } from './plain-data.js';
import type { SchemaLike } from './pipeline-definition.js';
import { shapeIssues } from './shape-issues.js';

export interface ParseDefinitionOptions {
  /** Names of the modes that were registered beside the built-in ones. */
  readonly modes: ReadonlySet<string>;
}

type JsonObject = Readonly<Record<string, JsonValue>>;

/**
 * Checks a definition of unknown origin and resolves its aliases. The result shares nothing with `raw`.
 * What the graph and the expressions must keep is checked by `compilePlan`.
 * @throws LoomError `LOOM_INVALID_DEFINITION` that lists every problem; `details.issues` has them as data
 */
export async function parseDefinition(
  raw: unknown,
  options: ParseDefinitionOptions,
): Promise<NormalisedDefinition> {
  const origin = originOf(raw);
  const schema = fieldOf(raw, 'input');
  // Copied before anything waits: what the caller does to the object afterwards changes nothing.
  const { data, issues: dataIssues } = copyPlainData(
    isSchemaLike(schema) ? { ...(raw as object), input: undefined } : raw,
  );
  if (dataIssues.length > 0) throw invalidDefinition(dataIssues, { ...origin, name: nameOf(data) });
  const checker = new DefinitionChecker(options.modes, await import('./schema.js'));
  const definition = checker.check(
    isSchemaLike(schema)
      ? { ...(data as JsonObject), input: await converted(schema, nameOf(data)) }
      : raw === undefined
        ? undefined
        : data,
  );
  if (definition !== undefined && checker.issues.length === 0) {
    rememberOrigin(definition, origin);
    return definition;
  }
  throw invalidDefinition(checker.issues.map(origin.place), { ...origin, name: nameOf(data) });
}

/** The JSON Schema of a zod schema in `input`. */
async function converted(schema: SchemaLike, name: string | undefined): Promise<JsonValue> {
  try {
    const { data } = copyPlainData(await jsonSchemaOf(schema));
    return data;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `input is a schema that has no JSON Schema: ${reason}. Give one that describes plain JSON.`;
    throw invalidDefinition([{ path: 'input', message }], { name });
  }
}

function fieldOf(raw: unknown, field: string): unknown {
  try {
    return typeof raw === 'object' && raw !== null
      ? (raw as Readonly<Record<string, unknown>>)[field]
      : undefined;
  } catch {
    // A getter or a proxy that throws; the copy says so.
    return undefined;
  }
}

function nameOf(raw: unknown): string | undefined {
  const name = fieldOf(raw, 'name');
  return typeof name === 'string' && name !== '' ? name : undefined;
}

class DefinitionChecker {
  readonly issues: DefinitionIssue[] = [];
  readonly #modes: ReadonlySet<string>;
  readonly #schema: typeof import('./schema.js');
  readonly #ids = new Map<string, number>();

  constructor(modes: ReadonlySet<string>, schema: typeof import('./schema.js')) {
    this.#modes = modes;
    this.#schema = schema;
  }

  check(data: JsonValue | undefined): NormalisedDefinition | undefined {
    if (!isObject(data)) {
      this.issues.push(wrongValue([], data, this.#schema.pipelineText));
      return undefined;
    }
    // `x-…` holds YAML anchors and notes of other tools.
    const known = Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith('x-')));
    const outcome = this.#schema.pipelineFieldsSchema.safeParse(known);
    if (!outcome.success) this.issues.push(...shapeIssues(outcome.error.issues, known, []));
    if (isObject(known['input'] ?? null))
      this.issues.push(...compileJsonSchema(known['input'] ?? null, ['input']).issues);
    const { stages } = known;
    if (!Array.isArray(stages) || stages.length > limits.stages) return undefined;
    const parsed = (stages as readonly JsonValue[]).map((stage, index) => this.#checkStage(stage, index));
    if (!outcome.success) return undefined;
    const { $schema: _, stages: __, output, ...rest } = outcome.data;
    const accepted = parsed.filter((stage) => stage !== undefined);
    return { ...rest, stages: accepted, ...(output === undefined ? {} : { output }) } as NormalisedDefinition;
  }

  #checkStage(stage: JsonValue, index: number): NormalisedStage | undefined {
    const path = ['stages', index] as const;
    if (!isObject(stage)) {
      this.issues.push(wrongValue(path, stage, 'a stage such as { id: split, actor: splitter }'));
      return undefined;
    }
    this.#checkId(stage, path);
    const mode = this.#modeOf(stage, path);
    if (mode === undefined) return undefined;
    const known: Record<string, JsonValue> = {};
    for (const [field, value] of Object.entries(stage)) {
      if (!laterStageFields.has(field)) known[field] = value;
      else this.#refuse([...path, field], `${laterText}; take it out.`);
    }
    const schema: ZodType = isBuiltInMode(mode)
      ? this.#schema.stageSchemas[mode]
      : this.#schema.customStageSchema;
    const outcome = schema.safeParse(known);
    if (!outcome.success) {
      this.issues.push(...shapeIssues(outcome.error.issues, known, path, mode));
      return undefined;
    }
    const normalised = normaliseStage(outcome.data as JsonObject, mode);
    this.#checkTogether(normalised, path);
    return normalised;
  }

  #checkId(stage: JsonObject, path: readonly PathSegment[]): void {
    const { id, name } = stage;
    if (id === undefined && name === undefined) {
      this.issues.push(wrongValue([...path, 'id'], undefined, 'a name of its own for each stage'));
      return;
    }
    if (id !== undefined && name !== undefined && id !== name) {
      this.#refuse(
        [...path, 'name'],
        `is ${valueText(name)} and id is ${valueText(id)}; name is the same as id, so give one.`,
      );
      return;
    }
    const chosen = id ?? name;
    if (typeof chosen !== 'string') return;
    const field = id === undefined ? 'name' : 'id';
    const first = this.#ids.get(chosen);
    if (isReservedName(chosen)) {
      this.#refuse(
        [...path, field],
        `is ${valueText(chosen)}, a name that JavaScript objects have already; choose another.`,
      );
    } else if (first !== undefined) {
      this.#refuse(
        [...path, field],
        `is ${valueText(chosen)}, already the id of stages[${first}]; ids are unique.`,
      );
    } else {
      const [, index] = path;
      this.#ids.set(chosen, index as number);
    }
  }

  /** The stage's mode, or `undefined` after saying what is wrong with it. */
  #modeOf({ mode = 'execute' }: JsonObject, path: readonly PathSegment[]): string | undefined {
    const at = [...path, 'mode'];
    const all = [
      ...builtInModes,
      ...[...this.#modes].filter((name) => !isBuiltInMode(name) && !laterModes.has(name)),
    ];
    if (typeof mode !== 'string') {
      this.issues.push(wrongValue(at, mode, `one of ${all.join(', ')}`));
      return undefined;
    }
    if (mode === 'single') return 'execute';
    if (laterModes.has(mode)) {
      this.#refuse(at, `is ${valueText(mode)}, which ${laterText}.`);
      return undefined;
    }
    if (all.includes(mode)) return mode;
    const suggestion = nearestName(mode, all);
    const expected = `one of ${all.join(', ')}`;
    const message = `${pathText(at)} is ${valueText(mode)}; expected ${expected}${didYouMean(suggestion)}`;
    this.issues.push({ path: pathText(at), message, value: valueText(mode), expected, suggestion });
    return undefined;
  }

  /** What a field may say depends on another. */
  #checkTogether(stage: NormalisedStage, path: readonly PathSegment[]): void {
    const { retry, concurrency } = stage;
    if (
      retry?.initialDelayMs !== undefined &&
      retry.maxDelayMs !== undefined &&
      retry.initialDelayMs > retry.maxDelayMs
    ) {
      const text = `is ${retry.initialDelayMs}, more than maxDelayMs (${retry.maxDelayMs}); lower it or raise maxDelayMs.`;
      this.#refuse([...path, 'retry', 'initialDelayMs'], text);
    }
    if ('scatter' in stage) this.#checkFanOut(stage.scatter, concurrency, [...path, 'scatter']);
    if ('mapReduce' in stage) this.#checkFanOut(stage.mapReduce, concurrency, [...path, 'mapReduce']);
    if ('scatter' in stage) this.#checkLevels(stage.scatter, [...path, 'scatter']);
    if ('branches' in stage) this.#checkBranches(stage.branches, [...path, 'branches']);
    if (stage.mode === 'gather') this.#checkGather(stage as GatherShape, path);
  }

  #checkFanOut(
    block: {
      readonly concurrency?: number | undefined;
      readonly onTaskFailure?: string | undefined;
      readonly minSuccess?: number | undefined;
    },
    stageConcurrency: number | undefined,
    path: readonly PathSegment[],
  ): void {
    if (block.concurrency !== undefined && stageConcurrency !== undefined) {
      this.#refuse([...path, 'concurrency'], "and the stage's concurrency say the same thing; give one.");
    }
    if (block.minSuccess !== undefined && block.onTaskFailure !== 'continue') {
      this.#refuse(
        [...path, 'minSuccess'],
        'has no effect unless onTaskFailure is "continue"; add that or take it out.',
      );
    }
  }

  #checkLevels(outermost: { readonly scatter?: unknown }, path: readonly PathSegment[]): void {
    let depth = 1;
    for (let level = outermost; level.scatter !== undefined; level = level.scatter as typeof outermost)
      depth += 1;
    if (depth > limits.scatterLevels) {
      this.#refuse(path, `has ${depth} levels; expected at most ${limits.scatterLevels}.`);
    }
  }

  #checkBranches(branches: object, path: readonly PathSegment[]): void {
    const names = Object.keys(branches);
    if (names.length === 0 || names.length > limits.branches) {
      const expected = `1 to ${limits.branches} branches, such as { legal: { actor: legal-check } }`;
      this.issues.push(wrongValue(path, branches, expected));
    }
    for (const name of names) {
      if (!isReservedName(name)) continue;
      this.#refuse([...path, name], 'has a name that JavaScript objects have already; choose another.');
    }
  }

  #checkGather({ gather = {}, actor, input }: GatherShape, path: readonly PathSegment[]): void {
    const at = [...path, 'gather'];
    if (gather.condition === 'count' && gather.count === undefined) {
      this.issues.push(wrongValue([...at, 'count'], undefined, 'how many successes to wait for'));
    }
    if (gather.condition !== 'count' && gather.count !== undefined) {
      this.#refuse([...at, 'count'], 'has no effect unless condition is "count"; add that or take it out.');
    }
    if (actor === undefined && input !== undefined) {
      this.#refuse(
        [...path, 'input'],
        'has no effect without an actor that receives it; add actor, or use output.',
      );
    }
  }

  #refuse(segments: readonly PathSegment[], text: string): void {
    const path = pathText(segments);
    this.issues.push({ path, message: `${path} ${text}` });
  }
}

interface GatherShape {
  readonly gather?: { readonly condition?: string; readonly count?: number };
  readonly actor?: unknown;
  readonly input?: unknown;
}

/** `id` and `mode` first, aliases resolved, a single id made a list of one. */
function normaliseStage(stage: JsonObject, mode: string): NormalisedStage {
  const { id, name, mode: _, dependsOn, gather, ...rest } = stage;
  return {
    id: id ?? name,
    mode,
    ...(dependsOn === undefined ? {} : { dependsOn: listOf(dependsOn) }),
    ...(gather === undefined ? {} : { gather: normaliseGather(gather as JsonObject) }),
    ...rest,
  } as unknown as NormalisedStage;
}

function normaliseGather({ from, ...rest }: JsonObject): JsonObject {
  return from === undefined ? rest : { from: listOf(from), ...rest };
}

function listOf(value: JsonValue): JsonValue {
  return Array.isArray(value) ? value : [value];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
