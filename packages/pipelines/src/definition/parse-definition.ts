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
import { laterModes, laterStageFields, laterText } from './later-release.js';
import { isReservedName, limits } from './limits.js';
import { nearestName } from './nearest-name.js';
import {
  builtInModes,
  isBuiltInMode,
  type NormalisedDefinition,
  type NormalisedStage,
} from './normalised-definition.js';
import { copyPlainData } from './plain-data.js';
import type { SchemaLike } from './pipeline-definition.js';
import { shapeIssues } from './shape-issues.js';
import { brokenRules } from './stage-rules.js';

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
  const definition = await checker.check(
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

type Path = readonly PathSegment[];

class DefinitionChecker {
  readonly issues: DefinitionIssue[] = [];
  readonly #modes: readonly string[];
  readonly #schema: typeof import('./schema.js');
  readonly #ids = new Map<string, number>();

  constructor(modes: ReadonlySet<string>, schema: typeof import('./schema.js')) {
    const registered = [...modes].filter((name) => !isBuiltInMode(name) && !laterModes.has(name));
    this.#modes = [...builtInModes, ...registered];
    this.#schema = schema;
  }

  async check(data: JsonValue | undefined): Promise<NormalisedDefinition | undefined> {
    if (!isObject(data)) {
      this.issues.push(wrongValue([], data, this.#schema.pipelineText));
      return undefined;
    }
    // `x-…` holds YAML anchors and notes of other tools.
    const known = Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith('x-')));
    const outcome = this.#schema.pipelineFieldsSchema.safeParse(known);
    if (!outcome.success) this.issues.push(...shapeIssues(outcome.error.issues, known, []));
    const { stages, input } = known;
    if (isObject(input)) {
      const { compileJsonSchema } = await import('./compile-json-schema.js');
      this.issues.push(...compileJsonSchema(input, ['input']).issues);
    }
    if (!Array.isArray(stages) || stages.length > limits.stages) return undefined;
    const parsed = (stages as readonly JsonValue[]).map((stage, index) => this.#checkStage(stage, index));
    if (!outcome.success) return undefined;
    const { $schema: _, ...rest } = outcome.data;
    return { ...rest, stages: parsed } as NormalisedDefinition;
  }

  #checkStage(stage: JsonValue, index: number): NormalisedStage | undefined {
    const path = ['stages', index];
    if (!isObject(stage)) {
      this.issues.push(wrongValue(path, stage, 'a stage such as { id: split, actor: splitter }'));
      return undefined;
    }
    this.#checkId(stage, path, index);
    const mode = this.#modeOf(stage, [...path, 'mode']);
    if (mode === undefined) return undefined;
    const known: Record<string, JsonValue> = {};
    for (const [field, value] of Object.entries(stage)) {
      if (!laterStageFields.has(field)) known[field] = value;
      else this.#refuse([...path, field], `${laterText}; take it out.`);
    }
    const { stageSchemas, customStageSchema } = this.#schema;
    const schema: ZodType = isBuiltInMode(mode) ? stageSchemas[mode] : customStageSchema;
    const outcome = schema.safeParse(known);
    if (!outcome.success) {
      this.issues.push(...shapeIssues(outcome.error.issues, known, path, mode));
      return undefined;
    }
    const normalised = normaliseStage(outcome.data as JsonObject, mode);
    for (const [at, text] of brokenRules(normalised)) this.#refuse([...path, ...at], text);
    return normalised;
  }

  #checkId({ id, name }: JsonObject, path: Path, index: number): void {
    const chosen = id ?? name;
    const at = [...path, id === undefined && name !== undefined ? 'name' : 'id'];
    if (chosen === undefined) {
      this.issues.push(wrongValue(at, undefined, 'a name of its own for each stage'));
    } else if (name !== undefined && name !== chosen) {
      const both = `is ${valueText(name)} and id is ${valueText(id)}`;
      this.#refuse([...path, 'name'], `${both}; name is the same as id, so give one.`);
    } else if (typeof chosen === 'string') {
      const first = this.#ids.get(chosen);
      const shown = `is ${valueText(chosen)},`;
      if (isReservedName(chosen)) {
        this.#refuse(at, `${shown} a name that JavaScript objects have already; choose another.`);
      } else if (first !== undefined) {
        this.#refuse(at, `${shown} already the id of stages[${first}]; ids are unique.`);
      } else {
        this.#ids.set(chosen, index);
      }
    }
  }

  /** The stage's mode, or `undefined` after saying what is wrong with it. */
  #modeOf({ mode = 'execute' }: JsonObject, at: Path): string | undefined {
    if (mode === 'single') return 'execute';
    if (typeof mode === 'string' && this.#modes.includes(mode)) return mode;
    if (typeof mode === 'string' && laterModes.has(mode)) {
      this.#refuse(at, `is ${valueText(mode)}, which ${laterText}.`);
      return undefined;
    }
    const suggestion = typeof mode === 'string' ? nearestName(mode, this.#modes) : undefined;
    this.issues.push(wrongValue(at, mode, `one of ${this.#modes.join(', ')}`, suggestion));
    return undefined;
  }

  #refuse(segments: Path, text: string): void {
    const path = pathText(segments);
    this.issues.push({ path, message: `${path} ${text}` });
  }
}

/** `id` and `mode` first, aliases resolved, a single id made a list of one. */
function normaliseStage({ id, name, mode: _, ...stage }: JsonObject, mode: string): NormalisedStage {
  const { dependsOn, gather, ...rest } = stage;
  return {
    id: id ?? name,
    mode,
    ...(dependsOn === undefined ? {} : { dependsOn: listOf(dependsOn) }),
    ...(isObject(gather) ? { gather: withList(gather) } : {}),
    ...rest,
  } as unknown as NormalisedStage;
}

function withList({ from, ...rest }: JsonObject): JsonObject {
  return from === undefined ? rest : { from: listOf(from), ...rest };
}

function listOf(value: JsonValue): JsonValue {
  return Array.isArray(value) ? value : [value];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
