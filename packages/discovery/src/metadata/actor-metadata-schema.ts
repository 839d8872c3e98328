import type * as zod from 'zod';
import validSemver from 'semver/functions/valid.js';
import { jsonProblem } from '../internal/plain-data.js';
import type { ActorMetadata, ActorMetadataInput } from './actor-metadata.js';
import { problemsInJsonSchema, toJsonSchema } from './json-schema.js';
import { loadZod } from './load-zod.js';

export type ActorMetadataZodSchema = zod.ZodType<ActorMetadata, ActorMetadataInput>;

/** The fields of each block by its path; `*` stands for any position in a list. */
export const fieldsByBlock: Readonly<Record<string, readonly string[]>> = {
  '': [
    'type',
    'version',
    'description',
    'tags',
    'capabilities',
    'input',
    'output',
    'owner',
    'lifecycle',
    'limits',
    'cost',
    'examples',
  ] satisfies (keyof ActorMetadata)[],
  lifecycle: ['stage', 'replacement'],
  limits: ['concurrency', 'timeoutMs'],
  cost: ['currency', 'perCall', 'tokensPerCall', 'typicalDurationMs'],
  'examples.*': ['description', 'input', 'output'],
};

/** Fields that hold a number; text that was interpolated into one becomes the number it spells. */
export const numericFields: readonly string[] = [
  'limits.concurrency',
  'limits.timeoutMs',
  'cost.perCall',
  'cost.tokensPerCall',
  'cost.typicalDurationMs',
];

export const lifecycleStages = ['experimental', 'beta', 'stable', 'deprecated', 'retired'] as const;

/** Every check carries what is wanted as its message; {@link describeProblems} puts the path and the value before it. */
export function buildActorMetadataSchema(z: typeof zod): ActorMetadataZodSchema {
  const text = (wanted: string, maximum: number): zod.ZodString => {
    const error = `Give ${wanted}, 1 to ${maximum} characters.`;
    return z.string({ error }).trim().min(1, { error }).max(maximum, { error });
  };
  const whole = (minimum: number, maximum = Number.MAX_SAFE_INTEGER): zod.ZodNumber => {
    const range =
      maximum === Number.MAX_SAFE_INTEGER ? `, ${minimum} or more` : ` from ${minimum} to ${maximum}`;
    const error = `Give a whole number${range}.`;
    return z.int({ error }).min(minimum, { error }).max(maximum, { error });
  };
  const block = <Shape extends zod.ZodRawShape>(path: string, shape: Shape) =>
    z.strictObject(shape, { error: `Give fields by name: ${fieldsByBlock[path]?.join(', ')}.` });
  const actorType = z
    .string({ error: typeExpectation })
    .regex(/^[A-Za-z0-9._-]{1,128}$/, { error: typeExpectation });
  const words = (wanted: string) =>
    z
      .array(text(wanted, 128), { error: `Give a list of ${wanted.replace('a ', '')}s.` })
      .max(256, { error: 'Give at most 256.' })
      .superRefine((list, context) => {
        list.forEach((word, index) => {
          if (list.indexOf(word) === index) return;
          context.addIssue({ code: 'custom', path: [index], message: 'Give each once.' });
        });
      });
  const json = z.unknown().superRefine((value, context) => {
    const problem = value === undefined ? undefined : jsonProblem(value);
    if (problem) context.addIssue({ code: 'custom', path: [...problem.path], message: problem.message });
  });
  const jsonSchema = (side: 'input' | 'output') =>
    z.unknown().transform((value, context) => {
      const converted = toJsonSchema(value, side);
      const problems = 'schema' in converted ? problemsInJsonSchema(converted.schema) : [converted.problem];
      for (const { path, message } of problems)
        context.addIssue({ code: 'custom', path: [...path], message });
      return 'schema' in converted ? converted.schema : z.NEVER;
    });

  const version = 'Give a semantic version such as 1.4.0.';
  const stage = `Give one of ${lifecycleStages.join(', ')}.`;
  const currency = 'Give a currency code of three capital letters, such as EUR.';
  const schema = block('', {
    type: actorType,
    version: z.string({ error: version }).refine((value) => validSemver(value) === value, { error: version }),
    description: text('text', 10_000).optional(),
    tags: words('a word').default([]),
    capabilities: words('a word').default([]),
    input: jsonSchema('input').optional(),
    output: jsonSchema('output').optional(),
    owner: text('a team or person', 256).optional(),
    lifecycle: z
      .preprocess(
        (value) => (typeof value === 'string' ? { stage: value } : value),
        block('lifecycle', {
          stage: z.enum(lifecycleStages, { error: stage }),
          replacement: actorType.optional(),
        }),
      )
      .default({ stage: 'stable' }),
    limits: block('limits', {
      concurrency: whole(1, 10_000).optional(),
      timeoutMs: whole(1).optional(),
    }).optional(),
    cost: block('cost', {
      currency: z
        .string({ error: currency })
        .regex(/^[A-Z]{3}$/, { error: currency })
        .optional(),
      perCall: z
        .number({ error: 'Give a number, 0 or more.' })
        .min(0, { error: 'Give a number, 0 or more.' })
        .optional(),
      tokensPerCall: whole(0).optional(),
      typicalDurationMs: whole(0).optional(),
    }).optional(),
    examples: z
      .array(
        block('examples.*', {
          description: text('text', 10_000).optional(),
          input: z.nonoptional(json, { error: 'Give JSON.' }),
          output: json.optional(),
        }),
        { error: 'Give a list of examples, each with an input.' },
      )
      .max(256, { error: 'Give at most 256.' })
      .default([]),
  }).superRefine(({ type, lifecycle, cost }, context) => {
    const complain = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const { stage: at, replacement } = lifecycle;
    if (at === 'deprecated' && replacement === undefined) {
      complain(['lifecycle', 'replacement'], 'Name the actor type to use instead of a deprecated one.');
    }
    if (replacement !== undefined && at !== 'deprecated' && at !== 'retired') {
      complain(['lifecycle', 'replacement'], `Leave it out: an actor type that is ${at} needs none.`);
    }
    if (replacement === type) {
      complain(['lifecycle', 'replacement'], 'Name another actor type: nothing replaces itself.');
    }
    if (cost?.perCall !== undefined && cost.currency === undefined) {
      complain(['cost', 'currency'], 'Say which currency perCall is in, such as EUR.');
    }
  });
  // The blocks are checked as one shape each; their unions are what the checks above make of them.
  return schema as unknown as ActorMetadataZodSchema;
}

const typeExpectation = 'Give 1 to 128 letters, digits, ".", "_" or "-".';

let built: ActorMetadataZodSchema | undefined;

export function actorMetadataSchemaNow(): ActorMetadataZodSchema {
  return (built ??= buildActorMetadataSchema(loadZod()));
}

/**
 * The zod schema of {@link ActorMetadata}: `ActorMetadataSchema.safeParse(value)`, `z.array(ActorMetadataSchema)`.
 * It fills in defaults. It stands for the real schema until it is first used, so that importing this package
 * does not load zod. {@link parseActorMetadata} gives better messages.
 */
export const ActorMetadataSchema: ActorMetadataZodSchema = /* @__PURE__ */ new Proxy(
  {} as ActorMetadataZodSchema,
  {
    get: (_, key) => Reflect.get(actorMetadataSchemaNow(), key) as unknown,
    has: (_, key) => Reflect.has(actorMetadataSchemaNow(), key),
    getPrototypeOf: () => Reflect.getPrototypeOf(actorMetadataSchemaNow()),
  },
);
