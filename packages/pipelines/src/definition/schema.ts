// The one source of the definition language's shape. Loaded by dynamic import only: importing the
// package must not load zod. What the fields mean is said beside the types in pipeline-definition.ts;
// the JSON Schema for editors takes it from there.
import { z } from 'zod';
import type { JsonValue } from '@certoai/loom-core';
import { idPattern, limits, variablePattern } from './limits.js';
import { builtInModes, type BuiltInMode } from './normalised-definition.js';
import type { ScatterLevelDefinition, SchemaLike } from './pipeline-definition.js';

/** Which type of pipeline-definition.ts a schema is. A registry of our own: zod's is shared by every copy of it. */
export const typeNames = z.registry<{ readonly id: string }>();

// Every message below is an expectation, the end of "… is 0; expected …". For unknown fields it is the
// list of the known ones, from which the nearest is taken.

/** An object with these fields and no others: the type `name`. */
function fields<Shape extends z.ZodRawShape>(
  name: string,
  expected: string,
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(' ');
  const schema = z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? known : expected),
  });
  typeNames.add(schema, { id: name });
  return schema;
}

function whole(min: number, max: number, unit = ''): z.ZodOptional<z.ZodNumber> {
  const expected = `a whole number${unit}, ${grouped(min)} to ${grouped(max)}`;
  return z.number(expected).int(expected).min(min, expected).max(max, expected).optional();
}

/** 86_400_000, as one writes it in code. */
function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, '_');
}

function text(max: number, hint = ''): z.ZodString {
  const expected = `a text of 1 to ${grouped(max)} characters${hint}`;
  return z.string(expected).min(1, expected).max(max, expected);
}

function oneOf<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): z.ZodOptional<z.ZodEnum<{ [W in Words[number]]: W }>> {
  const list = words.map((word) => `"${word}"`).join(', ');
  return z.enum(words, list.replace(/, ([^,]+)$/, ' or $1')).optional();
}

function expression(example: string): z.ZodString {
  const expected = `an expression, such as "${example}"`;
  return z.string(expected).min(1, expected);
}

const condition = expression('length(input.files) > `0`');

/** Any JSON; that it is JSON has been checked before. */
const json = (z.unknown() as unknown as z.ZodType<JsonValue, JsonValue>).optional();

const boolean = z.boolean('true or false').optional();
const idText = `letters, digits, _ and -, 1 to ${limits.idLength} characters`;
const id = z.string(idText).regex(idPattern, idText).max(limits.idLength, idText);
const ids = z.union([id, z.array(id).max(limits.stages)], 'a stage id or a list of them').optional();
const variableText = 'a name of letters, digits and _ that does not begin with a digit';
const variable = z
  .string(variableText)
  .regex(variablePattern, variableText)
  .max(limits.idLength, variableText);

const nameText = `the name of an actor type, at most ${limits.nameLength} characters`;
const actorName = z.string(nameText).regex(/\S/, nameText).max(limits.nameLength, nameText);
const actorText = 'the name of an actor type, an expression "${…}", { rules, default }, or { capability }';
const ruleText = `1 to ${limits.rules} rules { when, actor }`;
const rule = fields('ActorRuleDefinition', 'a rule { when, actor }', { when: condition, actor: actorName });
const rules = fields('ActorRules', actorText, {
  rules: z.array(rule, ruleText).min(1, ruleText).max(limits.rules, ruleText),
  default: actorName.optional(),
});
const word = text(limits.nameLength, ', without expressions').regex(/^[^$]+$/, 'a word without expressions');
const wordsText = `1 to ${limits.capabilities} words`;
const byCapability = fields('ActorByCapability', actorText, {
  capability: z.union(
    [word, z.array(word, wordsText).min(1, wordsText).max(limits.capabilities, wordsText)],
    `a word such as "ocr", or ${wordsText}`,
  ),
});
const actor = z.union(
  [z.string(actorText).regex(/\S/, actorText).max(10_000, actorText), rules, byCapability],
  actorText,
);
typeNames.add(actor, { id: 'ActorDefinition' });

const duration = whole(1, limits.timeoutMs, ' of milliseconds');
const concurrency = whole(1, limits.concurrency);
const codesText = `a list of error names or codes, at most ${limits.nonRetryable}`;

const retry = fields('RetryDefinition', 'an object such as { maxAttempts: 3 }', {
  maxAttempts: whole(1, limits.maxAttempts),
  backoff: oneOf('fixed', 'linear', 'exponential'),
  initialDelayMs: whole(0, limits.initialDelayMs, ' of milliseconds'),
  maxDelayMs: whole(0, limits.maxDelayMs, ' of milliseconds'),
  jitter: boolean,
  nonRetryable: z.array(text(limits.nameLength), codesText).max(limits.nonRetryable, codesText).optional(),
});

const limitText = 'an object such as { key: "${input.tenant}", concurrency: 2 }';
const limit = fields('LimitDefinition', limitText, {
  key: text(limits.limitKeyLength, ', with an expression in it').optional(),
  concurrency,
  rate: fields('RateDefinition', 'an object such as { limit: 10, perMs: 1000 }', {
    limit: whole(1, limits.rateLimit).unwrap(),
    perMs: whole(1, limits.ratePerMs, ' of milliseconds').unwrap(),
  }).optional(),
});

const labelsText = 'texts by name, such as { zone: "${input.zone}" }';
const workers = fields('WorkersDefinition', 'an object such as { version: "^2.1", labels: { zone: west } }', {
  version: text(limits.versionLength, ' that is a range of versions, such as "^2.1"').optional(),
  labels: z.record(text(limits.nameLength), text(limits.limitKeyLength), labelsText).optional(),
});

/** What every stage may say. That `id` or its alias `name` is there is checked beside the schema. */
const base = {
  id: id.optional(),
  name: id.optional(),
  description: text(limits.descriptionLength).optional(),
  when: condition.optional(),
  dependsOn: ids,
  retry: retry.optional(),
  timeoutMs: duration,
  stageTimeoutMs: duration,
  concurrency,
  limit: limit.optional(),
  workers: workers.optional(),
  priority: whole(0, limits.priority),
  output: json,
  onFailure: oneOf('fail', 'continue'),
};

const levelText = 'an object such as { over: "${input.files}", as: file }';
const levelShape = { over: expression('input.files'), as: variable.optional(), where: condition.optional() };

/** Recursive, which zod cannot infer through its own getter. */
type ScatterLevelSchema = z.ZodType<ScatterLevelDefinition, ScatterLevelDefinition>;
const level = fields('ScatterLevelDefinition', levelText, {
  ...levelShape,
  get scatter(): z.ZodOptional<ScatterLevelSchema> {
    return (level as unknown as ScatterLevelSchema).optional();
  },
});

const fanOut = {
  concurrency,
  onTaskFailure: oneOf('fail', 'continue'),
  minSuccess: whole(0, limits.successes),
};

const scatter = fields('ScatterDefinition', levelText, {
  ...levelShape,
  ...fanOut,
  scatter: (level as unknown as ScatterLevelSchema).optional(),
});

const gather = fields('GatherDefinition', 'an object such as { from: classify }', {
  from: ids,
  condition: oneOf('all', 'any', 'count'),
  count: whole(1, limits.successes),
  groupBy: expression('documentType').optional(),
  combine: oneOf('concat', 'object'),
});

const mapReduceText = 'an object such as { over: "${input.orders}", map: price, reduce: add }';
const mapReduce = fields('MapReduceDefinition', mapReduceText, {
  ...levelShape,
  map: actor,
  reduce: actor,
  reduceInput: json,
  groupBy: expression('documentType').optional(),
  ...fanOut,
});

const branch = fields('BranchDefinition', 'an object such as { actor: legal-check }', {
  actor,
  input: json,
  when: condition.optional(),
});

const stageText = 'a stage such as { id: split, actor: splitter }';
const actorsText = `a list of 1 to ${grouped(limits.actors)} actors`;
const branchesText = 'branches by name, such as { legal: { actor: legal-check } }';
const customText = 'the name of a mode that was registered with registerExecutor';
const customPattern = new RegExp(`^(?!(?:${[...builtInModes, 'single'].join('|')})$)[A-Za-z0-9_-]+$`);

/** One schema a mode. */
export const stageSchemas = {
  execute: fields('ExecuteStage', stageText, {
    ...base,
    mode: oneOf('execute', 'single'),
    actor,
    input: json,
  }),
  scatter: fields('ScatterStage', stageText, {
    ...base,
    mode: z.literal('scatter'),
    scatter,
    actor,
    input: json,
  }),
  gather: fields('GatherStage', stageText, {
    ...base,
    mode: z.literal('gather'),
    gather: gather.optional(),
    actor: actor.optional(),
    input: json,
  }),
  'map-reduce': fields('MapReduceStage', stageText, {
    ...base,
    mode: z.literal('map-reduce'),
    mapReduce,
    input: json,
  }),
  broadcast: fields('BroadcastStage', stageText, {
    ...base,
    mode: z.literal('broadcast'),
    actors: z.array(actor, actorsText).min(1, actorsText).max(limits.actors, actorsText),
    input: json,
  }),
  'fork-join': fields('ForkJoinStage', stageText, {
    ...base,
    mode: z.literal('fork-join'),
    branches: z.record(id, branch, branchesText),
    input: json,
  }),
} satisfies Record<BuiltInMode, z.ZodType>;

export const customStageSchema = fields('CustomStage', stageText, {
  ...base,
  mode: z.string(customText).regex(customPattern, customText).max(limits.idLength, customText),
  with: json,
  actor: actor.optional(),
  input: json,
});

const inputText = 'a JSON Schema, such as { type: object, required: [files] }';
const inputSchema = z.record(z.string(), z.unknown(), inputText);

export const pipelineText = 'an object such as { stages: [{ id: split, actor: splitter }] }';
const stagesText = `a list of 1 to ${grouped(limits.stages)} stages`;

/** The pipeline around stages of the schema `stage`. */
function pipelineOf<Stage extends z.ZodType>(stage: Stage) {
  return fields('PipelineDefinition', pipelineText, {
    $schema: z.string('the address of a JSON Schema').optional(),
    name: text(limits.nameLength).optional(),
    version: text(limits.versionLength, ', in quotes if it looks like a number').optional(),
    description: text(limits.descriptionLength).optional(),
    input: (
      inputSchema as unknown as z.ZodType<unknown, Readonly<Record<string, JsonValue>> | SchemaLike>
    ).optional(),
    stages: z.array(stage, stagesText).min(1, stagesText).max(limits.stages, stagesText),
    output: json,
    timeoutMs: duration,
    strictInputs: boolean,
    pinVersions: oneOf('exact', 'minor', 'major'),
  });
}

/** The pipeline alone: each stage is checked by the schema of its mode. */
export const pipelineFieldsSchema = pipelineOf(z.unknown());

/** The whole language. */
export const pipelineSchema = pipelineOf(z.union([...Object.values(stageSchemas), customStageSchema]));
