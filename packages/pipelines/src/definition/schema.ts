// The one source of the definition language's shape. Loaded by dynamic import only: importing the
// package must not load zod.
import { z } from 'zod';
import type { JsonValue } from '@certoai/loom-core';
import { idPattern, limits, variablePattern } from './limits.js';
import { builtInModes, type BuiltInMode } from './normalised-definition.js';
import type { ScatterLevelDefinition, SchemaLike } from './pipeline-definition.js';

/** Names and descriptions for the JSON Schema. A registry of our own: zod's global one is shared by every copy. */
export const documentation = z.registry<{ id?: string; description?: string }>();

function doc<Schema extends z.ZodType>(schema: Schema, description: string, id?: string): Schema {
  documentation.add(schema, id === undefined ? { description } : { id, description });
  return schema;
}

// Every message below is an expectation, the end of "… is 0; expected …". For unknown fields it is the
// list of the known ones, from which the nearest is taken.

/** An object with these fields and no others. */
function fields<Shape extends z.ZodRawShape>(
  shape: Shape,
  expected: string,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(' ');
  return z.strictObject(shape, { error: ({ code }) => (code === 'unrecognized_keys' ? known : expected) });
}

function whole(min: number, max: number, unit = ''): z.ZodNumber {
  const expected = `a whole number${unit}, ${grouped(min)} to ${grouped(max)}`;
  return z.number(expected).int(expected).min(min, expected).max(max, expected);
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
): z.ZodEnum<{ [W in Words[number]]: W }> {
  const expected = words
    .map((word) => `"${word}"`)
    .join(', ')
    .replace(/, ([^,]+)$/, ' or $1');
  return z.enum(words, expected);
}

/** Any JSON; that it is JSON has been checked before. */
function json(): z.ZodType<JsonValue, JsonValue> {
  return z.unknown() as unknown as z.ZodType<JsonValue, JsonValue>;
}

const idText = `letters, digits, _ and -, 1 to ${limits.idLength} characters`;
const id = z.string(idText).regex(idPattern, idText).max(limits.idLength, idText);
const variableText = 'a name of letters, digits and _ that does not begin with a digit';
const variable = z
  .string(variableText)
  .regex(variablePattern, variableText)
  .max(limits.idLength, variableText);
const expression = (example: string): z.ZodString => {
  const expected = `an expression, such as "${example}"`;
  return z.string(expected).min(1, expected);
};
const condition = (): z.ZodString => expression('length(input.files) > `0`');
const actorName = z
  .string('the name of an actor type')
  .regex(/\S/, 'the name of an actor type')
  .max(limits.nameLength, `the name of an actor type, at most ${limits.nameLength} characters`);
const ids = z.union(
  [id, z.array(id, 'a list of stage ids').max(limits.stages, `at most ${grouped(limits.stages)} stage ids`)],
  'a stage id or a list of them',
);

const actorText = 'the name of an actor type, an expression "${…}", or { rules, default }';
export const actor = doc(
  z.union(
    [
      z.string(actorText).regex(/\S/, actorText).max(10_000, actorText),
      fields(
        {
          rules: doc(
            z
              .array(
                fields(
                  {
                    when: doc(condition(), 'Expression; sees what `input` sees.'),
                    actor: doc(actorName, 'Actor type by name; no expression.'),
                  },
                  'a rule { when, actor }',
                ),
                'a list of rules { when, actor }',
              )
              .min(1, 'at least one rule { when, actor }')
              .max(limits.rules, `at most ${limits.rules} rules`),
            'Tried in order; the first that holds decides.',
          ),
          default: doc(actorName.optional(), 'Actor when no rule holds. Default: the task fails.'),
        },
        actorText,
      ),
    ],
    actorText,
  ),
  'Who does the work: an actor type by name, an expression "${…}" that gives one, or rules of which the first that holds decides.',
  'actor',
);

const retry = doc(
  fields(
    {
      maxAttempts: doc(whole(1, limits.maxAttempts).optional(), 'Attempts in all; 1: no retry. Default 1.'),
      backoff: doc(
        oneOf('fixed', 'linear', 'exponential').optional(),
        'How the delay grows from attempt to attempt. Default exponential.',
      ),
      initialDelayMs: doc(
        whole(0, limits.initialDelayMs, ' of milliseconds').optional(),
        'Milliseconds before the second attempt. Default 200.',
      ),
      maxDelayMs: doc(
        whole(0, limits.maxDelayMs, ' of milliseconds').optional(),
        'Milliseconds the delay does not grow beyond. Default 30000, or initialDelayMs if that is more.',
      ),
      jitter: doc(
        z.boolean('true or false').optional(),
        'Spreads the delays, so that tasks that failed together do not come back together. Default true.',
      ),
      nonRetryable: doc(
        z
          .array(text(limits.nameLength), 'a list of error names or codes')
          .max(limits.nonRetryable, `at most ${limits.nonRetryable} error names or codes`)
          .optional(),
        'Error names or codes that are never tried again. Default none.',
      ),
    },
    'an object such as { maxAttempts: 3 }',
  ),
  'When and how often a failed task is tried again. Default: tried once.',
  'retry',
);

const duration = whole(1, limits.timeoutMs, ' of milliseconds');
const concurrency = whole(1, limits.concurrency);
const onTaskFailure = () => oneOf('fail', 'continue').optional();
const minSuccess = () => whole(0, limits.successes).optional();
const input = () => json().optional();
const inputDoc =
  'What the actor receives, with expressions in it. Default: in the first stage the input of the pipeline; with one dependency its output; with several an object by stage id.';

/** What every stage may say. `name` is the alias of `id`; that one of them is there is checked beside the schema. */
const base = {
  id: doc(id.optional(), 'Unique in the pipeline: letters, digits, _ and -.'),
  name: doc(id.optional(), 'The same as id.'),
  description: doc(text(limits.descriptionLength).optional(), 'What it is for.'),
  when: doc(
    condition().optional(),
    'Expression; the stage is skipped unless it is true (false, null, "", [] and {} are not). Default: always runs.',
  ),
  dependsOn: doc(
    ids.optional(),
    'Stages that finish before this one starts; []: starts at once. Default: the stage before it; for gather: from.',
  ),
  retry: retry.optional(),
  timeoutMs: doc(duration.optional(), 'Milliseconds one attempt may take. Default: no limit.'),
  stageTimeoutMs: doc(
    duration.optional(),
    'Milliseconds the whole stage may take, retries included. Default: no limit.',
  ),
  concurrency: doc(concurrency.optional(), 'Tasks of this stage at the same time. Default 100.'),
  priority: doc(
    whole(0, limits.priority).optional(),
    'Its tasks go before those of a lower priority. Default 0, or that of the execution.',
  ),
  output: doc(
    json().optional(),
    'The output of the stage, made of ${output} (what the actors gave) and anything upstream. Default: what the actors gave.',
  ),
  onFailure: doc(
    oneOf('fail', 'continue').optional(),
    'continue: the pipeline goes on when the stage fails; stages.<id>.error tells why. Default fail.',
  ),
};

const levelShape = {
  over: doc(
    expression('input.files'),
    'Expression that gives the list; an inner one sees the outer variables.',
  ),
  as: doc(variable.optional(), 'Name of the variable that holds the item. Default item.'),
  where: doc(
    condition().optional(),
    'Expression; items for which it is not true are left out. Default: all items.',
  ),
};
const levelText = 'an object such as { over: "${input.files}", as: file }';

/** Recursive, which zod cannot infer through its own getter. */
type ScatterLevelSchema = z.ZodType<ScatterLevelDefinition, ScatterLevelDefinition>;

const level = doc(
  fields(
    {
      ...levelShape,
      get scatter(): z.ZodOptional<ScatterLevelSchema> {
        return (level as unknown as ScatterLevelSchema).optional();
      },
    },
    levelText,
  ),
  'For each item again a list: one task for each item of the innermost. At most 5 levels.',
  'scatterLevel',
);

const scatter = doc(
  fields(
    {
      ...levelShape,
      concurrency: doc(
        concurrency.optional(),
        "Tasks at the same time; the same as the stage's concurrency. Default 100.",
      ),
      onTaskFailure: doc(
        onTaskFailure(),
        'continue: one failed task leaves the others alone; its result is null. Default fail.',
      ),
      minSuccess: doc(minSuccess(), 'With continue: fewer successes than this fail the stage. Default 0.'),
      scatter: (level as unknown as ScatterLevelSchema).optional(),
    },
    levelText,
  ),
  'The list, and how its tasks run.',
  'scatter',
);

const gather = doc(
  fields(
    {
      from: doc(
        ids.optional(),
        'Id or ids of the stages to gather. Default: dependsOn, else the stage before.',
      ),
      condition: doc(
        oneOf('all', 'any', 'count').optional(),
        'Starts when all: every source has finished; any: one task has succeeded; count: `count` of them have. Default all.',
      ),
      count: doc(
        whole(1, limits.successes).optional(),
        'With condition count: successes to wait for in all sources together.',
      ),
      groupBy: doc(
        expression('documentType').optional(),
        'Expression on each result that names its group; a bare name is a field of the result. Default: one group.',
      ),
      combine: doc(
        oneOf('concat', 'object').optional(),
        'One list after the other, or an object: by stage id, with groupBy by key. Default concat.',
      ),
    },
    'an object such as { from: classify }',
  ),
  'What to gather, when, and how to group it.',
  'gather',
);

const mapReduce = doc(
  fields(
    {
      ...levelShape,
      map: actor,
      reduce: actor,
      reduceInput: doc(
        input(),
        'What the reduce actor receives; sees group.key and group.items. Default { key, items }.',
      ),
      groupBy: doc(
        expression('documentType').optional(),
        'Expression on each map result that names its group; a bare name is a field of the result. Default: one group.',
      ),
      concurrency: doc(
        concurrency.optional(),
        "Map tasks at the same time; the same as the stage's concurrency. Default 100.",
      ),
      onTaskFailure: doc(
        onTaskFailure(),
        'continue: one failed map task leaves the others alone; its result is left out. Default fail.',
      ),
      minSuccess: doc(
        minSuccess(),
        'With continue: fewer successful map tasks than this fail the stage. Default 0.',
      ),
    },
    'an object such as { over: "${input.orders}", map: price, reduce: add }',
  ),
  'The list, the two actors, and how results are grouped.',
  'mapReduce',
);

const branch = fields(
  {
    actor,
    input: doc(input(), "What the actor receives. Default: the stage's input."),
    when: doc(
      condition().optional(),
      'Expression; the branch is skipped unless it is true, and its output is null. Default: always runs.',
    ),
  },
  'an object such as { actor: legal-check }',
);

const actorsText = 'a list of actors';
const customModeText = 'the name of a mode that was registered with registerExecutor';
const customMode = z
  .string(customModeText)
  .regex(new RegExp(`^(?!(?:${[...builtInModes, 'single'].join('|')})$)[A-Za-z0-9_-]+$`), customModeText)
  .max(limits.idLength, customModeText);

/** One schema a mode. */
export const stageSchemas = {
  execute: doc(
    fields(
      {
        ...base,
        mode: doc(oneOf('execute', 'single').optional(), 'One task. The default mode.'),
        actor,
        input: doc(input(), inputDoc),
      },
      'a stage such as { id: split, actor: splitter }',
    ),
    'One task.',
    'executeStage',
  ),
  scatter: doc(
    fields(
      {
        ...base,
        mode: z.literal('scatter'),
        scatter,
        actor,
        input: doc(
          input(),
          "What the actor receives; sees the item's variable, item and index. Default: the item.",
        ),
      },
      'a stage such as { id: split, mode: scatter, scatter: { over: "${input.files}" }, actor: splitter }',
    ),
    'One task for each item of a list; the output is the list of results, in the order of the items.',
    'scatterStage',
  ),
  gather: doc(
    fields(
      {
        ...base,
        mode: z.literal('gather'),
        gather: gather.optional(),
        actor: actor.optional(),
        input: doc(
          input(),
          'What the actor receives; sees group.key and group.items. Default: with groupBy { key, items }, else what was gathered.',
        ),
      },
      'a stage such as { id: all, mode: gather, gather: { from: split } }',
    ),
    'Waits for other stages and brings their results together; with an actor, one task per group.',
    'gatherStage',
  ),
  'map-reduce': doc(
    fields(
      {
        ...base,
        mode: z.literal('map-reduce'),
        mapReduce,
        input: doc(
          input(),
          "What the map actor receives; sees the item's variable, item and index. Default: the item.",
        ),
      },
      'a stage such as { id: totals, mode: map-reduce, mapReduce: { over: "${input.orders}", map: price, reduce: add } }',
    ),
    'map for each item, then reduce for each group of results.',
    'mapReduceStage',
  ),
  broadcast: doc(
    fields(
      {
        ...base,
        mode: z.literal('broadcast'),
        actors: z
          .array(actor, actorsText)
          .min(1, 'at least one actor')
          .max(limits.actors, `at most ${grouped(limits.actors)} actors`),
        input: doc(input(), inputDoc),
      },
      'a stage such as { id: notify, mode: broadcast, actors: [mail, audit] }',
    ),
    'The same input to several actors; the output is the list of results, in the order of actors.',
    'broadcastStage',
  ),
  'fork-join': doc(
    fields(
      {
        ...base,
        mode: z.literal('fork-join'),
        branches: z.record(id, branch, 'branches by name, such as { legal: { actor: legal-check } }'),
        input: doc(input(), inputDoc),
      },
      'a stage such as { id: checks, mode: fork-join, branches: { legal: { actor: legal-check } } }',
    ),
    'Different work at the same time; the output is an object by branch name.',
    'forkJoinStage',
  ),
} satisfies Record<BuiltInMode, z.ZodType>;

export const customStageSchema = doc(
  fields(
    {
      ...base,
      mode: doc(customMode, 'A mode that the program registers.'),
      with: doc(json().optional(), "The mode's own settings, with expressions in them."),
      actor: actor.optional(),
      input: doc(input(), inputDoc),
    },
    'a stage such as { id: poll, mode: poll, with: { url: "…" } }',
  ),
  'A stage of a mode that the program registers.',
  'customStage',
);

const stagesText = `a list of 1 to ${grouped(limits.stages)} stages`;

/** A list of stages whose own shapes are checked one by one, each by its mode. */
export const stagesSchema = z
  .array(z.unknown(), stagesText)
  .min(1, stagesText)
  .max(limits.stages, stagesText);

export const pipelineShape = {
  $schema: doc(z.string('the address of a JSON Schema').optional(), 'For editors; not part of the pipeline.'),
  name: doc(text(limits.nameLength).optional(), 'What people call it.'),
  version: doc(
    text(limits.versionLength, ', in quotes if it looks like a number').optional(),
    'Free text; the content hash identifies a definition anyway. Quote it in YAML.',
  ),
  description: doc(text(limits.descriptionLength).optional(), 'What it is for.'),
  input: doc(
    (
      z.record(
        z.string(),
        z.unknown(),
        'a JSON Schema, such as { type: object, required: [files] }',
      ) as unknown as z.ZodType<Readonly<Record<string, JsonValue>> | SchemaLike>
    ).optional(),
    'JSON Schema that the input must match at start. Default: anything.',
  ),
  output: doc(
    json().optional(),
    "The result, with expressions in it. Default: the last stage's output; of several last stages an object by id.",
  ),
  timeoutMs: doc(duration.optional(), 'Milliseconds a whole execution may take. Default: no limit.'),
  strictInputs: doc(
    z.boolean('true or false').optional(),
    'In input and with, a path that resolves to nothing is an error in place of null. Default false.',
  ),
};

export const pipelineText = 'an object such as { stages: [{ id: split, actor: splitter }] }';

/** Everything but the stages, which stand between `input` and `output`. */
export const pipelineFieldsSchema = fields({ ...pipelineShape, stages: stagesSchema }, pipelineText);

/** The whole language. */
export const pipelineSchema = doc(
  fields(
    {
      ...pipelineShape,
      stages: doc(
        z
          .array(
            z.union([
              stageSchemas.execute,
              stageSchemas.scatter,
              stageSchemas.gather,
              stageSchemas['map-reduce'],
              stageSchemas.broadcast,
              stageSchemas['fork-join'],
              customStageSchema,
            ]),
            stagesText,
          )
          .min(1, stagesText)
          .max(limits.stages, stagesText),
        'Each follows the one before it unless it says dependsOn.',
      ),
    },
    pipelineText,
  ),
  'A Loom pipeline.',
);
