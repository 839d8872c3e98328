import { isLoomError } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type ActorMetadata,
  type ActorMetadataInput,
  ActorMetadataSchema,
  defineActorMetadata,
  parseActorMetadata,
} from '../../src/index.js';
import { failureOf, messageOf } from '../support/failure-of.js';

const mailer: ActorMetadataInput = { type: 'mailer', version: '1.2.0' };

/** The message for `mailer` with these fields. */
const complaint = (fields: object): Promise<string> =>
  messageOf(() => parseActorMetadata({ ...mailer, ...fields }));

describe('what is accepted', () => {
  test('defaults are filled in, and nothing else', () => {
    expect(defineActorMetadata(mailer)).toEqual({
      type: 'mailer',
      version: '1.2.0',
      tags: [],
      capabilities: [],
      examples: [],
      lifecycle: { stage: 'stable' },
    });
  });

  test('everything that can be said of an actor', () => {
    const full = {
      type: 'invoices.read',
      version: '2.0.0-rc.1',
      description: 'Reads invoices.',
      tags: ['finance'],
      capabilities: ['ocr', 'extract'],
      input: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
      output: true,
      owner: 'team-finance',
      lifecycle: { stage: 'deprecated', replacement: 'invoices.read2' },
      limits: { concurrency: 4, timeoutMs: 60_000 },
      cost: { currency: 'EUR', perCall: 0.02, tokensPerCall: 1_500, typicalDurationMs: 900 },
      examples: [{ description: 'one page', input: { path: 'a.pdf' }, output: null }],
    } as const;
    const metadata: ActorMetadata = defineActorMetadata(full);
    expect(metadata).toEqual(full);
    expect(parseActorMetadata(metadata)).toEqual(metadata);
  });

  test('a stage in one word', () => {
    expect(defineActorMetadata({ ...mailer, lifecycle: 'beta' }).lifecycle).toEqual({ stage: 'beta' });
  });

  test('the result is frozen at every depth and shares nothing with what was given', () => {
    const tags = ['a'];
    const metadata = defineActorMetadata({ ...mailer, tags, examples: [{ input: { a: [1] } }] });
    tags.push('b');
    expect(metadata.tags).toEqual(['a']);
    expect(Object.isFrozen(metadata.examples[0]?.input)).toBe(true);
    expect(() => (metadata.tags as string[]).push('c')).toThrow(TypeError);
  });

  test('a negative zero is a zero, as it is in JSON', () => {
    expect(defineActorMetadata({ ...mailer, examples: [{ input: -0 }] }).examples).toEqual([{ input: 0 }]);
  });

  test('an explicit undefined is the default', () => {
    const metadata = defineActorMetadata({
      ...mailer,
      tags: undefined,
      lifecycle: undefined,
      input: undefined,
      limits: { concurrency: undefined },
    });
    expect(metadata.tags).toEqual([]);
    expect(metadata.lifecycle).toEqual({ stage: 'stable' });
    expect(Object.keys(metadata)).not.toContain('input');
    expect(metadata.limits).toEqual({});
  });
});

describe('schemas of zod', () => {
  test('input is what is sent, output is what comes back', () => {
    const schema = z.object({ to: z.email(), copies: z.int().default(1) });
    const { input, output } = defineActorMetadata({ ...mailer, input: schema, output: schema });
    expect(input).toMatchObject({ type: 'object', required: ['to'] });
    expect(output).toMatchObject({ type: 'object', required: ['to', 'copies'] });
  });

  test('one without its own conversion is converted by zod', () => {
    const schema = z.object({ to: z.string() });
    Object.defineProperty(schema, '~standard', { value: { version: 1, vendor: 'zod' } });
    expect(defineActorMetadata({ ...mailer, input: schema }).input).toMatchObject({
      type: 'object',
      required: ['to'],
    });
  });

  test('one that JSON Schema cannot express is refused', async () => {
    expect(await complaint({ input: z.object({ at: z.date() }) })).toMatchInlineSnapshot(
      `"input (actor "mailer") is an object. It cannot be written as JSON Schema: Date cannot be represented in JSON Schema. Describe the JSON that is sent."`,
    );
    expect(
      await complaint({ input: { '~standard': { version: 1, vendor: 'other', validate: () => undefined } } }),
    ).toMatchInlineSnapshot(
      `"input (actor "mailer") is an object. Give a JSON Schema as plain data, or a zod 4 schema."`,
    );
  });
});

describe('messages', () => {
  test('type and version', async () => {
    expect(await complaint({ type: 'mail er' })).toMatchInlineSnapshot(
      `"type (actor "mail er") is "mail er". Give 1 to 128 letters, digits, ".", "_" or "-"."`,
    );
    expect(await messageOf(() => parseActorMetadata({ version: '1.0.0' }))).toMatchInlineSnapshot(
      `"type (actor metadata) is missing. Give 1 to 128 letters, digits, ".", "_" or "-"."`,
    );
    expect(await complaint({ version: '1.2' })).toMatchInlineSnapshot(
      `"version (actor "mailer") is "1.2". Give a semantic version such as 1.4.0."`,
    );
    expect(await complaint({ version: 'v1.2.0' })).toMatchInlineSnapshot(
      `"version (actor "mailer") is "v1.2.0". Give a semantic version such as 1.4.0."`,
    );
    expect(await complaint({ version: 1.2 })).toMatchInlineSnapshot(
      `"version (actor "mailer") is 1.2. Give a semantic version such as 1.4.0."`,
    );
    expect(await messageOf(() => parseActorMetadata('mailer'))).toMatchInlineSnapshot(
      `"The metadata (actor metadata) is "mailer". Give fields by name: type, version, description, tags, capabilities, input, output, owner, lifecycle, limits, cost, examples."`,
    );
    expect(await messageOf(() => parseActorMetadata(null))).toMatchInlineSnapshot(
      `"The metadata (actor metadata) is empty. Give fields by name: type, version, description, tags, capabilities, input, output, owner, lifecycle, limits, cost, examples."`,
    );
  });

  test('fields that do not exist', async () => {
    expect(await complaint({ capabilites: [] })).toMatchInlineSnapshot(
      `"capabilites (actor "mailer") is not a field. Did you mean capabilities?"`,
    );
    expect(await complaint({ limits: { timeout_ms: 1 } })).toMatchInlineSnapshot(
      `"limits.timeout_ms (actor "mailer") is not a field. Did you mean limits.timeoutMs?"`,
    );
    expect(await complaint({ timeoutMs: 1 })).toMatchInlineSnapshot(
      `"timeoutMs (actor "mailer") is not a field. Did you mean limits.timeoutMs?"`,
    );
    expect(await complaint({ colour: 'blue' })).toMatchInlineSnapshot(
      `"colour (actor "mailer") is not a field. Known here: type, version, description, tags, capabilities, input, output, owner, lifecycle, limits, cost, examples."`,
    );
    expect(await complaint({ examples: [{ inptu: 1, input: 1 }] })).toMatchInlineSnapshot(
      `"examples.0.inptu (actor "mailer") is not a field. Did you mean examples.0.input?"`,
    );
  });

  test('lists', async () => {
    expect(await complaint({ tags: 'mail' })).toMatchInlineSnapshot(
      `"tags (actor "mailer") is "mail". Give a list of words."`,
    );
    expect(await complaint({ tags: ['mail', ''] })).toMatchInlineSnapshot(
      `"tags.1 (actor "mailer") is empty text. Give a word, 1 to 128 characters."`,
    );
    expect(await complaint({ tags: ['mail', 'mail'] })).toMatchInlineSnapshot(
      `"tags.1 (actor "mailer") is "mail". Give each once."`,
    );
    expect(await complaint({ capabilities: [7] })).toMatchInlineSnapshot(
      `"capabilities.0 (actor "mailer") is 7. Give a word, 1 to 128 characters."`,
    );
  });

  test('lifecycle', async () => {
    expect(await complaint({ lifecycle: 'stabel' })).toMatchInlineSnapshot(
      `"lifecycle.stage (actor "mailer") is "stabel". Give one of experimental, beta, stable, deprecated, retired. Did you mean "stable"?"`,
    );
    expect(await complaint({ lifecycle: { stage: 'gone' } })).toMatchInlineSnapshot(
      `"lifecycle.stage (actor "mailer") is "gone". Give one of experimental, beta, stable, deprecated, retired."`,
    );
    expect(await complaint({ lifecycle: 'deprecated' })).toMatchInlineSnapshot(
      `"lifecycle.replacement (actor "mailer") is missing. Name the actor type to use instead of a deprecated one."`,
    );
    expect(
      await complaint({ lifecycle: { stage: 'deprecated', replacement: 'mailer' } }),
    ).toMatchInlineSnapshot(
      `"lifecycle.replacement (actor "mailer") is "mailer". Name another actor type: nothing replaces itself."`,
    );
    expect(await complaint({ lifecycle: { stage: 'beta', replacement: 'other' } })).toMatchInlineSnapshot(
      `"lifecycle.replacement (actor "mailer") is "other". Leave it out: an actor type that is beta needs none."`,
    );
  });

  test('limits and cost', async () => {
    expect(await complaint({ limits: { concurrency: 0 } })).toMatchInlineSnapshot(
      `"limits.concurrency (actor "mailer") is 0. Give a whole number from 1 to 10000."`,
    );
    expect(await complaint({ limits: { concurrency: '4' } })).toMatchInlineSnapshot(
      `"limits.concurrency (actor "mailer") is "4". Give a whole number from 1 to 10000, without quotes."`,
    );
    expect(await complaint({ limits: { concurrency: Number.NaN } })).toMatchInlineSnapshot(
      `"limits.concurrency (actor "mailer") is NaN. Give a whole number from 1 to 10000."`,
    );
    expect(await complaint({ limits: { timeoutMs: Infinity } })).toMatchInlineSnapshot(
      `"limits.timeoutMs (actor "mailer") is Infinity. Give a whole number, 1 or more."`,
    );
    expect(await complaint({ limits: 5 })).toMatchInlineSnapshot(
      `"limits (actor "mailer") is 5. Give fields by name: concurrency, timeoutMs."`,
    );
    expect(await complaint({ cost: { perCall: 1 } })).toMatchInlineSnapshot(
      `"cost.currency (actor "mailer") is missing. Say which currency perCall is in, such as EUR."`,
    );
    expect(await complaint({ cost: { perCall: -1, currency: 'eur' } })).toMatchInlineSnapshot(`
      "The actor metadata has 2 problems:
      - cost.currency (actor "mailer") is "eur". Give a currency code of three capital letters, such as EUR.
      - cost.perCall (actor "mailer") is -1. Give a number, 0 or more."
    `);
  });

  test('schemas and examples', async () => {
    expect(await complaint({ input: 'string' })).toMatchInlineSnapshot(
      `"input (actor "mailer") is "string". Give a JSON Schema as plain data, or a zod 4 schema."`,
    );
    expect(await complaint({ input: { type: 'sting' } })).toMatchInlineSnapshot(
      `"input.type (actor "mailer") is "sting". Give one of array, boolean, integer, null, number, object, string. Did you mean "string"?"`,
    );
    expect(await complaint({ input: { properties: { a: { items: 5 } } } })).toMatchInlineSnapshot(
      `"input.properties.a.items (actor "mailer") is 5. Give a JSON Schema: true, false or an object."`,
    );
    expect(await complaint({ output: { required: 'a' } })).toMatchInlineSnapshot(
      `"output.required (actor "mailer") is "a". Give a list of property names."`,
    );
    expect(await complaint({ output: { default: () => 1 } })).toMatchInlineSnapshot(
      `"output.default (actor "mailer") is a function. Give JSON."`,
    );
    expect(await complaint({ examples: [{ input: new Date(0) }] })).toMatchInlineSnapshot(
      `"examples.0.input (actor "mailer") is an object. Give JSON."`,
    );
    expect(await complaint({ examples: [{}] })).toMatchInlineSnapshot(
      `"examples.0.input (actor "mailer") is missing. Give JSON."`,
    );
    expect(
      await complaint({ examples: [{ input: JSON.parse('{ "__proto__": 1 }') }] }),
    ).toMatchInlineSnapshot(
      `"examples.0.input.__proto__ (actor "mailer") is 1. Rename it: the key could change the prototype of objects."`,
    );
  });

  test('all problems are told at once, as text and as data', async () => {
    const error = await failureOf(() =>
      parseActorMetadata({ ...mailer, version: 'one', owner: '', tag: [] }),
    );
    expect(isLoomError(error, 'LOOM_INVALID_CONFIG')).toBe(true);
    expect(error.message).toMatchInlineSnapshot(`
      "The actor metadata has 3 problems:
      - version (actor "mailer") is "one". Give a semantic version such as 1.4.0.
      - owner (actor "mailer") is empty text. Give a team or person, 1 to 256 characters.
      - tag (actor "mailer") is not a field. Did you mean tags?"
    `);
    expect(error.details.problems).toMatchObject([{ path: 'version' }, { path: 'owner' }, { path: 'tag' }]);
  });
});

test('something inside itself is refused', async () => {
  const loop: Record<string, unknown> = {};
  loop.loop = loop;
  expect(await complaint({ input: loop })).toMatch(/at most 100 levels/);
});

test('the schema is a zod schema that can be built upon', () => {
  expect(z.array(ActorMetadataSchema).safeParse([mailer]).success).toBe(true);
  expect(ActorMetadataSchema.safeParse({ type: 'mailer' }).success).toBe(false);
  expect(ActorMetadataSchema instanceof z.ZodType).toBe(true);
  expect('safeParse' in ActorMetadataSchema).toBe(true);
});
