import { CosmosDBActorRegistry, type CatalogueMetadata, type CosmosConnection } from '@certoai/loom-storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCosmos, type TestCosmos } from './cosmos.js';

/** More than the catalogue asks for, as users have it. */
interface ActorMetadata extends CatalogueMetadata {
  readonly description?: string;
  readonly lifecycle: { readonly stage: string };
  readonly examples: readonly unknown[];
}

let cosmos: TestCosmos;
let connection: CosmosConnection;
let databases = 0;

beforeAll(async () => {
  cosmos = await startCosmos();
});
beforeEach(async () => {
  connection = await cosmos.open({ database: `catalogue-${(databases += 1)}` });
});
afterEach(() => cosmos.server.faults.clear());
afterAll(() => cosmos[Symbol.asyncDispose]());

/** As another process has it: nothing is shared but the database. */
function catalogue(): CosmosDBActorRegistry<ActorMetadata> {
  const { client, database } = connection;
  return new CosmosDBActorRegistry<ActorMetadata>(client, { database });
}

function metadata(fields: Partial<ActorMetadata> = {}): ActorMetadata {
  return {
    type: 'ocr',
    version: '1.0.0',
    tags: [],
    capabilities: [],
    lifecycle: { stage: 'stable' },
    examples: [],
    ...fields,
  };
}

describe('a version', () => {
  test('is registered as a draft, published, deprecated and retired, and every state is kept', async () => {
    await using types = catalogue();
    expect(await types.get('ocr')).toBeUndefined();
    const draft = await types.register(metadata({ description: 'Reads pages' }), { by: 'ada' });
    expect(draft).toMatchObject({
      type: 'ocr',
      version: '1.0.0',
      state: 'draft',
      revision: 1,
      changedBy: 'ada',
    });
    expect(await types.get('ocr')).toBeUndefined();
    expect(await types.get('ocr', '1.0.0')).toEqual(draft);
    await types.register(metadata({ description: 'Reads scanned pages' }));
    const published = await types.publish('ocr', '1.0.0', { by: 'bob' });
    expect(await types.get('ocr')).toEqual(published);
    expect(published.metadata.description).toBe('Reads scanned pages');
    const deprecated = await types.deprecate('ocr', '1.0.0', 'ocr@2.0.0');
    expect(deprecated).toMatchObject({
      state: 'deprecated',
      replacement: 'ocr@2.0.0',
      metadata: { lifecycle: { stage: 'deprecated', replacement: 'ocr@2.0.0' } },
    });
    const retired = await types.retire('ocr', '1.0.0');
    expect(retired).toMatchObject({
      state: 'retired',
      metadata: { lifecycle: { stage: 'retired', replacement: 'ocr@2.0.0' } },
    });
    expect(await types.get('ocr')).toBeUndefined();
    const revisions = await types.revisions('ocr', '1.0.0');
    expect(revisions.map(({ revision, state }) => `${revision} ${state}`)).toEqual([
      '1 draft',
      '2 draft',
      '3 published',
      '4 deprecated',
      '5 retired',
    ]);
    expect(revisions[0]).toEqual(draft);
    expect(revisions[2]).toEqual(published);
  });

  test('that is registered the same again does not change, in whatever state it is', async () => {
    await using types = catalogue();
    for (const [index, next] of [
      () => types.publish('ocr', '1.0.0'),
      () => types.deprecate('ocr', '1.0.0', 'reader'),
      () => types.retire('ocr', '1.0.0'),
      () => types.retire('ocr', '1.0.0'),
    ].entries()) {
      const same = await types.register(metadata());
      expect(same.revision).toBe(Math.min(index + 1, 4));
      expect(await types.register(metadata())).toEqual(same);
      await next();
    }
  });

  test('does not change once it is published', async () => {
    await using types = catalogue();
    await types.register(metadata());
    await types.publish('ocr', '1.0.0');
    await expect(types.register(metadata({ description: 'Other' }))).rejects.toMatchObject({
      code: 'LOOM_CONFLICT',
      message:
        'Version "1.0.0" of actor type "ocr" is published and does not change any more; register a new version.',
    });
    await expect(types.register(metadata({ lifecycle: { stage: 'beta' } }))).rejects.toMatchObject({
      code: 'LOOM_CONFLICT',
    });
  });

  test('moves only forwards', async () => {
    await using types = catalogue();
    await types.register(metadata());
    await expect(types.deprecate('ocr', '1.0.0', 'reader')).rejects.toMatchObject({
      code: 'LOOM_ILLEGAL_TRANSITION',
      message:
        'Version "1.0.0" of actor type "ocr" cannot move from "draft" to "deprecated"; allowed: draft, published, retired.',
    });
    await types.retire('ocr', '1.0.0');
    await expect(types.publish('ocr', '1.0.0')).rejects.toThrow(/it is final/);
    await expect(types.register(metadata({ description: 'Other' }))).rejects.toMatchObject({
      code: 'LOOM_CONFLICT',
    });
    await expect(types.publish('ocr', '9.0.0')).rejects.toMatchObject({
      code: 'LOOM_NOT_FOUND',
      message: 'Version "9.0.0" of actor type "ocr" is not in the catalogue; register it first.',
    });
  });

  test('may have a new replacement', async () => {
    await using types = catalogue();
    await types.register(metadata());
    await types.publish('ocr', '1.0.0');
    await types.deprecate('ocr', '1.0.0', 'reader');
    expect(await types.deprecate('ocr', '1.0.0', 'reader@2.0.0')).toMatchObject({
      replacement: 'reader@2.0.0',
      revision: 4,
    });
    expect(await types.deprecate('ocr', '1.0.0', 'reader@2.0.0')).toMatchObject({ revision: 4 });
  });
});

describe('versions', () => {
  const rising = [
    '0.9.0',
    '1.0.0-0.3.7',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.2.0',
    '1.10.0',
    '10.0.0',
    '99999999999999999999.0.0',
  ];

  test('come in the order of semantic versions', async () => {
    await using types = catalogue();
    for (const version of rising.toReversed()) await types.register(metadata({ version }));
    expect((await types.versions('ocr')).map(({ version }) => version)).toEqual(rising);
  });

  test('with build data are versions of their own', async () => {
    await using types = catalogue();
    for (const version of ['1.0.0+a', '1.0.0+b', '1.0.0-rc.1', '1.0.0-rc'])
      await types.register(metadata({ version }));
    expect(await types.versions('ocr')).toHaveLength(4);
    await types.publish('ocr', '1.0.0+b');
    expect(await types.get('ocr')).toMatchObject({ version: '1.0.0+b' });
    expect(await types.revisions('ocr', '1.0.0-rc')).toHaveLength(1);
  });

  test('are chosen by what can be used: releases before pre-releases, deprecated only when there is nothing else', async () => {
    await using types = catalogue();
    for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1', '3.0.0'])
      await types.register(metadata({ version }));
    const chosen = async (): Promise<string | undefined> => (await types.get('ocr'))?.version;
    await types.publish('ocr', '2.0.0-rc.1');
    expect(await chosen()).toBe('2.0.0-rc.1');
    await types.publish('ocr', '1.0.0');
    await types.publish('ocr', '1.1.0');
    expect(await chosen()).toBe('1.1.0');
    await types.deprecate('ocr', '1.1.0', 'reader');
    expect(await chosen()).toBe('1.0.0');
    await types.retire('ocr', '1.0.0');
    await types.retire('ocr', '2.0.0-rc.1');
    expect(await chosen()).toBe('1.1.0');
  });

  test('of other types are not among them', async () => {
    await using types = catalogue();
    await types.register(metadata());
    await types.register(metadata({ type: 'ocr.fast' }));
    expect(await types.versions('ocr')).toHaveLength(1);
    expect(await types.versions('nobody')).toEqual([]);
  });
});

describe('searching', () => {
  const page = { type: 'object', properties: { page: { type: 'number' } }, required: ['page'] };
  const samePage = { required: ['page'], properties: { page: { type: 'number' } }, type: 'object' };

  async function filled(): Promise<CosmosDBActorRegistry<ActorMetadata>> {
    const types = catalogue();
    await types.register(
      metadata({
        type: 'ocr',
        version: '1.0.0',
        tags: ['vision'],
        capabilities: ['text'],
        owner: 'docs',
        input: page,
      }),
    );
    await types.register(
      metadata({
        type: 'ocr',
        version: '2.0.0',
        tags: ['vision', 'fast'],
        capabilities: ['text'],
        owner: 'docs',
        output: page,
      }),
    );
    await types.register(metadata({ type: 'mailer', tags: ['vision'], owner: 'mail', input: true }));
    await types.register(metadata({ type: 'draft', tags: ['vision'] }));
    for (const version of ['1.0.0', '2.0.0']) await types.publish('ocr', version);
    await types.publish('mailer', '1.0.0');
    return types;
  }

  test('finds by tag, capability, owner and schemas, and by all of them together', async () => {
    await using types = await filled();
    const found = async (search: Parameters<typeof types.search>[0]): Promise<string[]> =>
      (await types.search(search)).map(({ type, version }) => `${type}@${version}`);
    expect(await found({})).toEqual(['mailer@1.0.0', 'ocr@1.0.0', 'ocr@2.0.0']);
    expect(await found({ tag: 'vision' })).toEqual(['mailer@1.0.0', 'ocr@1.0.0', 'ocr@2.0.0']);
    expect(await found({ tag: 'fast' })).toEqual(['ocr@2.0.0']);
    expect(await found({ capability: 'text', owner: 'docs' })).toEqual(['ocr@1.0.0', 'ocr@2.0.0']);
    expect(await found({ owner: 'mail' })).toEqual(['mailer@1.0.0']);
    expect(await found({ input: samePage })).toEqual(['ocr@1.0.0']);
    expect(await found({ input: true })).toEqual(['mailer@1.0.0']);
    expect(await found({ output: samePage, tag: 'vision' })).toEqual(['ocr@2.0.0']);
    expect(await found({ output: { ...page, required: [] } })).toEqual([]);
    expect(await found({ tag: 'vision', owner: 'nobody' })).toEqual([]);
    expect(await found({ tag: undefined, owner: undefined })).toHaveLength(3);
  });

  test('shows what can be used unless another state is asked for', async () => {
    await using types = await filled();
    await types.deprecate('ocr', '1.0.0', 'ocr@2.0.0');
    await types.retire('mailer', '1.0.0');
    const states = async (state?: Parameters<typeof types.search>[0]): Promise<string[]> =>
      (await types.search(state)).map((one) => `${one.type} ${one.state}`);
    expect(await states()).toEqual(['ocr deprecated', 'ocr published']);
    expect(await states({ state: 'draft' })).toEqual(['draft draft']);
    expect(await states({ state: ['retired', 'draft'] })).toEqual(['draft draft', 'mailer retired']);
  });

  test('goes on when partitions are split, and finds more than a page', async () => {
    await using types = catalogue();
    for (let index = 0; index < 120; index++) {
      await types.register(metadata({ type: `type-${String(index).padStart(3, '0')}`, tags: ['many'] }));
    }
    await types.search({ tag: 'many', state: 'draft' });
    cosmos.server.split({ database: connection.database, container: 'actor-types' });
    const found = await types.search({ tag: 'many', state: 'draft' });
    expect(found).toHaveLength(120);
    expect(found.map(({ type }) => type)).toEqual(found.map(({ type }) => type).toSorted());
  });
});

describe('many at once', () => {
  test('that change one draft are all kept, one after the other', async () => {
    const writers = Array.from({ length: 25 }, (_, index) => ({ index, types: catalogue() }));
    const made = await Promise.all(
      writers.map(({ types, index }) => types.register(metadata({ description: `By ${index}` }))),
    );
    expect(new Set(made.map(({ revision }) => revision)).size).toBe(25);
    const revisions = await catalogue().revisions('ocr', '1.0.0');
    expect(revisions.map(({ revision }) => revision)).toEqual(
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
    expect(new Set(revisions.map((one) => one.metadata.description)).size).toBe(25);
    expect(await catalogue().get('ocr', '1.0.0')).toEqual(revisions.at(-1));
  });

  test('that publish one draft publish it once', async () => {
    await catalogue().register(metadata());
    const made = await Promise.all(Array.from({ length: 20 }, () => catalogue().publish('ocr', '1.0.0')));
    expect(new Set(made.map(({ revision }) => revision))).toEqual(new Set([2]));
    expect(await catalogue().revisions('ocr', '1.0.0')).toHaveLength(2);
  });

  test('that retire and deprecate leave a state that the rules allow', async () => {
    await catalogue().register(metadata());
    await catalogue().publish('ocr', '1.0.0');
    const moves = Array.from({ length: 10 }, (_, index) =>
      index % 2 === 0
        ? catalogue().retire('ocr', '1.0.0')
        : catalogue().deprecate('ocr', '1.0.0', `ocr@${index}.0.0`),
    );
    await Promise.allSettled(moves);
    const states = (await catalogue().revisions('ocr', '1.0.0')).map(({ state }) => state);
    expect(states.at(-1)).toBe('retired');
    expect(states.filter((state) => state === 'retired')).toHaveLength(1);
  });

  test('that count uses lose none', async () => {
    const use = { calls: 2, failures: 1, durationMs: 30 };
    await Promise.all(Array.from({ length: 60 }, () => catalogue().recordUse('ocr', '1.0.0', use)));
    expect(await catalogue().usage('ocr', '1.0.0')).toMatchObject({
      calls: 120,
      failures: 60,
      durationMs: 1_800,
    });
  });
});

describe('an answer that is lost', () => {
  const lost = { effect: { kind: 'disconnect', when: 'after' } } as const;

  test('does not double a change, nor refuse it', async () => {
    await using types = catalogue();
    await types.versions('warm');
    cosmos.server.faults.add({ ...lost, match: { operation: 'batch' }, every: 2 });
    const made = [];
    for (let index = 0; index < 6; index++)
      made.push(await types.register(metadata({ description: `${index}` })));
    expect(made.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await types.revisions('ocr', '1.0.0')).toHaveLength(6);
  });

  test('does not take the change of another one for its own', async () => {
    await using types = catalogue();
    await types.versions('warm');
    cosmos.server.faults.add({ ...lost, match: { operation: 'batch' }, every: 3 });
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        catalogue().register(metadata({ description: `By ${index}` })),
      ),
    );
    const revisions = await types.revisions('ocr', '1.0.0');
    expect(new Set(revisions.map((one) => one.metadata.description)).size).toBe(10);
    expect(revisions).toHaveLength(10);
  });

  test('counts a use once', async () => {
    await using types = catalogue();
    await types.versions('warm');
    cosmos.server.faults.add({ ...lost, match: { operation: ['patch-item', 'create-item'] }, every: 2 });
    for (let count = 0; count < 6; count++) await types.recordUse('ocr', '1.0.0', { calls: 1 });
    expect(await types.usage('ocr', '1.0.0')).toMatchObject({ calls: 6, failures: 0 });
  });

  test('and a refusal for load are got over', async () => {
    await using types = catalogue();
    await types.versions('warm');
    const effect = { kind: 'answer', status: 429, substatus: 3_200, retryAfterMs: 2 } as const;
    cosmos.server.faults.add({
      match: { operation: ['batch', 'patch-item', 'create-item'] },
      every: 3,
      effect,
    });
    for (let index = 0; index < 6; index++) {
      await types.register(metadata({ description: `${index}` }));
      await types.recordUse('ocr', '1.0.0', { calls: 1 });
    }
    expect(await types.revisions('ocr', '1.0.0')).toHaveLength(6);
    expect(await types.usage('ocr', '1.0.0')).toMatchObject({ calls: 6 });
  });
});

describe('what is given', () => {
  test.each([
    [{ type: 'a b' }, /^type of an actor is "a b"; give 1 to 128 letters/],
    [{ type: '' }, /^type of an actor is ""/],
    [{ version: 'v1' }, /^version of an actor type is "v1"; give a semantic version/],
    [{ version: undefined }, /^version of an actor type is undefined/],
    [{ type: 5 }, /^type of an actor is "5"/],
  ])('is checked: %j', async (fields, message) => {
    await using types = catalogue();
    await expect(types.register(metadata(fields as never))).rejects.toThrow(message);
  });

  test.each([null, 'ocr', 5, undefined])('is metadata or an instance, and not %j', async (what) => {
    await using types = catalogue();
    await expect(types.register(what as never)).rejects.toMatchObject({ code: 'LOOM_INVALID_OPTION' });
  });

  test('is plain data of some size', async () => {
    await using types = catalogue();
    const input = { examples: [Number.NaN] };
    await expect(types.register(metadata({ input }))).rejects.toMatchObject({
      code: 'LOOM_NOT_SERIALISABLE',
    });
    const description = 'x'.repeat(600_000);
    await expect(types.register(metadata({ description }))).rejects.toMatchObject({
      code: 'LOOM_PAYLOAD_TOO_LARGE',
    });
    await types.register(metadata({ description: 'x'.repeat(490_000) }));
  });

  test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53])('counts whole numbers, and not %s', async (calls) => {
    await using types = catalogue();
    await expect(types.recordUse('ocr', '1.0.0', { calls })).rejects.toThrow(/^calls is /);
    expect(await types.usage('ocr', '1.0.0')).toBeUndefined();
  });

  test('is taken no more after close', async () => {
    const types = catalogue();
    await types.close();
    const closed = { code: 'LOOM_CLOSED' };
    await expect(types.register(metadata())).rejects.toMatchObject(closed);
    await expect(types.publish('ocr', '1.0.0')).rejects.toMatchObject(closed);
    await expect(types.get('ocr')).rejects.toMatchObject(closed);
    await expect(types.versions('ocr')).rejects.toMatchObject(closed);
    await expect(types.revisions('ocr', '1.0.0')).rejects.toMatchObject(closed);
    await expect(types.search()).rejects.toMatchObject(closed);
    await expect(types.recordUse('ocr', '1.0.0', {})).rejects.toMatchObject(closed);
    await expect(types.usage('ocr', '1.0.0')).rejects.toMatchObject(closed);
  });
});
