import { ActorRegistry, LoomError, type ExecutionStore, type JsonValue } from '@certoai/loom-core';
import { LayeredConfig, type PlainValues } from '@certoai/loom-config/layered';
import { asyncProperty, assert, array, constantFrom, dictionary, integer, option, record } from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Loom, PipelineOrchestrator, type OrchestratorOptions } from '../../src/index.js';
import { crashingStore } from '../kit/crashing-store.js';
import { stores } from '../kit/stores.js';

type Actors = Readonly<Record<string, (input: never) => unknown>>;

const echo = (input: unknown): unknown => input;

function orchestratorOn(
  store: ExecutionStore | undefined,
  layered: OrchestratorOptions['layered'],
  actors: Actors = {},
  options: OrchestratorOptions = {},
): PipelineOrchestrator {
  const registry = new ActorRegistry();
  for (const type of ['echo', 'ocr', 'writer']) registry.register(type, echo);
  for (const [type, actor] of Object.entries(actors))
    registry.register(type, actor as (input: unknown) => unknown);
  return new PipelineOrchestrator(undefined, registry, store, undefined, { layered, ...options });
}

function layers(model: string): LayeredConfig {
  return new LayeredConfig<PlainValues>({
    layers: [
      { values: { model, limit: 1 } },
      { tenant: 'acme', values: { limit: 5 } },
      { actorType: 'ocr', values: { model: `${model}-ocr` } },
      { tenant: 'acme', actorType: 'ocr', values: { pages: 2 } },
    ],
  });
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Two stages that read it, with one before them that can be held up. */
const threeStages = {
  stages: [
    { id: 'hold', actor: 'hold' },
    {
      id: 'read',
      mode: 'scatter',
      scatter: { over: '[config.limit, config.pages]' },
      actor: 'ocr',
      input: { model: '${config.model}', n: '${item}' },
      dependsOn: 'hold',
    },
    { id: 'write', actor: 'writer', input: '${config}' },
  ],
  output: { read: '${stages.read.output}', write: '${stages.write.output}', tenant: '${config}' },
};
const acmeOf = (model: string): JsonValue => ({
  read: [
    { model: `${model}-ocr`, n: 5 },
    { model: `${model}-ocr`, n: 2 },
  ],
  write: { model, limit: 5 },
  tenant: { model, limit: 5 },
});

describe.each(stores)('config on a store $name', ({ open }) => {
  test('is what it was at the start, after a restart with other layers or with none', async () => {
    await using under = await open();
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const hold = (): Promise<never> => {
      begun();
      return new Promise(() => undefined);
    };
    const first = orchestratorOn(under.store, layers('old'), { hold });
    const { id } = await first.start(threeStages, null, { tenant: 'acme' });
    await hasBegun;
    await first.close();

    const second = orchestratorOn(await under.reopen(), layers('new'), { hold });
    await second.initialize();
    expect(await second.executions.get(id)).toMatchObject({ tenant: 'acme', status: 'running' });
    await second.close();

    await using third = orchestratorOn(await under.reopen(), undefined, { hold: () => 'let go' });
    const { output } = await (await third.executions.attach(id)).result();
    expect(output).toEqual(acmeOf('old'));
    expect(await third.executions.output(id, 'read')).toEqual((acmeOf('old') as { read: JsonValue }).read);
  });

  test('is taken once, wherever the process dies', async () => {
    const run = async (store: ExecutionStore, model: string): Promise<JsonValue> => {
      await using orchestrator = orchestratorOn(store, layers(model), { hold: echo });
      const options = { tenant: 'acme', idempotencyKey: 'once' };
      return (await orchestrator.execute(threeStages, null, options)).output;
    };
    await using counted = await open();
    const counting = crashingStore(counted.store);
    expect(await run(counting, 'old')).toEqual(acmeOf('old'));
    expect(counting.writes).toBeGreaterThan(4);
    for (let write = 0; write < counting.writes; write += 1) {
      for (const applied of [false, true]) {
        await using under = await open();
        await new Promise<void>((resolve) => {
          const dying = crashingStore(under.store, { write, applied }, resolve);
          run(dying, 'old').catch(() => undefined);
        });
        // Written with the first step after the creation: until then nothing has been made with it.
        const isPinned = write > 1 || (write === 1 && applied);
        const output = await run(crashingStore(under.store), 'new');
        expect({ write, applied, output }).toEqual({
          write,
          applied,
          output: acmeOf(isPinned ? 'old' : 'new'),
        });
      }
    }
  });

  test('of an execution whose first step was not stored is waited for, visibly', async () => {
    await using under = await open();
    await new Promise<void>((resolve) => {
      const dying = crashingStore(under.store, { write: 1, applied: false }, resolve);
      void orchestratorOn(dying, layers('old'), { hold: echo }).start(threeStages, null, { tenant: 'acme' });
    });
    await using without = orchestratorOn(await under.reopen(), undefined, { hold: echo });
    await without.initialize();
    const [head] = (await without.executions.list()).items;
    const id = head?.id ?? '';
    expect(await without.executions.why(id)).toEqual([
      { kind: 'not-served', message: expect.stringContaining('Give the option layered') },
    ]);
    expect(await without.executions.output(id)).toBeNull();
    await without.close();
    await using within = orchestratorOn(await under.reopen(), layers('new'), { hold: echo });
    expect((await (await within.executions.attach(id)).result()).output).toEqual(acmeOf('new'));
  });

  test('is kept in one record, with what actor types share written once', async () => {
    await using under = await open();
    await using orchestrator = orchestratorOn(under.store, layers('m'));
    const stages = ['ocr', 'writer', 'echo'].map((actor) => ({ id: actor, actor, input: '${config.model}' }));
    const { executionId } = await orchestrator.execute({ stages }, null, { tenant: 'acme' });
    const records = await under.store.records({ executionId, node: '$config', from: -1 });
    expect(records.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      [
        [['ocr'], { model: 'm-ocr', limit: 5, pages: 2 }],
        [['writer', 'echo'], { model: 'm', limit: 5 }],
      ],
    ]);
    const plain = await orchestrator.execute({ stages: [{ id: 's', actor: 'echo' }] });
    const none = await under.store.records({ executionId: plain.executionId, node: '$config', from: -1 });
    expect(none).toEqual([]);
  });

  test('is recorded once when the first thing that happens is a pause, and not in the way of a cancel', async () => {
    await using under = await open();
    await using orchestrator = orchestratorOn(under.store, layers('m'), { hold: echo });
    const paused = await orchestrator.start(threeStages, null, { tenant: 'acme' });
    await paused.pause();
    expect((await paused.status()).status).toBe('paused');
    await paused.resume();
    expect((await paused.result()).output).toEqual(acmeOf('m'));
    const cancelled = await orchestrator.start(threeStages);
    await cancelled.cancel({ reason: 'never mind' });
    expect(await rejection(cancelled.result())).toMatchObject({ code: 'LOOM_CANCELLED' });
  });
});

test('a tenant nobody knows, and none at all, see the base and the layers of the actor type', async () => {
  await using orchestrator = orchestratorOn(undefined, layers('m'), { hold: echo });
  const base = {
    read: [
      { model: 'm-ocr', n: 1 },
      { model: 'm-ocr', n: null },
    ],
    write: { model: 'm', limit: 1 },
    tenant: { model: 'm', limit: 1 },
  };
  expect((await orchestrator.execute(threeStages)).output).toEqual(base);
  expect((await orchestrator.execute(threeStages, null, { tenant: 'stranger' })).output).toEqual(base);
});

test('each branch and each half of a map-reduce sees the values of its actor', async () => {
  await using orchestrator = orchestratorOn(undefined, layers('m'));
  const definition = {
    stages: [
      {
        id: 'fork',
        mode: 'fork-join',
        input: '${config.model}',
        branches: {
          ocr: { actor: 'ocr', input: '${config.model}', when: 'config.pages == `2`' },
          stage: { actor: 'ocr' },
          left: { actor: 'writer', when: 'config.pages == `2`' },
        },
      },
      {
        id: 'mr',
        mode: 'map-reduce',
        mapReduce: {
          over: '[config.pages]',
          map: 'ocr',
          reduce: 'writer',
          reduceInput: '${ {model: config.model, items: group.items} }',
        },
        input: '${ {model: config.model, n: item} }',
      },
    ],
    output: { fork: '${stages.fork.output}', mr: '${stages.mr.output}' },
  };
  expect((await orchestrator.execute(definition, null, { tenant: 'acme' })).output).toEqual({
    fork: { ocr: 'm-ocr', stage: 'm', left: null },
    mr: { model: 'm', items: [{ model: 'm-ocr', n: 2 }] },
  });
});

test('a change is seen by the next execution, and by none under way', async () => {
  const layered = layers('old');
  let release = (_: unknown): void => undefined;
  const held = new Promise((resolve) => (release = resolve));
  await using orchestrator = orchestratorOn(undefined, layered, { hold: () => held });
  const before = await orchestrator.start(threeStages, null, { tenant: 'acme' });
  layered.replace(layers('new').layers());
  const after = await orchestrator.start(threeStages, null, { tenant: 'acme' });
  release('go');
  expect((await before.result()).output).toEqual(acmeOf('old'));
  expect((await after.result()).output).toEqual(acmeOf('new'));
});

test('a mode of your own is handed it by its stage', async () => {
  await using orchestrator = orchestratorOn(undefined, layers('m'));
  orchestrator.registerExecutor('pages', {
    plan: ({ options, scope }) => [{ actor: 'echo', input: { options, roots: Object.keys(scope).sort() } }],
  });
  const stages = [{ id: 's', mode: 'pages', actor: 'ocr', with: '${config}' }];
  const { output } = await orchestrator.execute({ stages }, null, { tenant: 'acme' });
  expect(output).toEqual({
    options: { model: 'm-ocr', limit: 5, pages: 2 },
    roots: ['execution', 'input', 'stages'],
  });
});

describe('an execution is refused, and nothing is stored', () => {
  const reads = { stages: [{ id: 's', actor: 'echo', input: '${config}' }] };
  const cases: readonly (readonly [string, OrchestratorOptions, object])[] = [
    ['without layers', {}, { code: 'LOOM_INVALID_OPTION', details: { option: 'layered' } }],
    [
      'when the values are too large',
      { layered: { get: () => ({ text: 'x'.repeat(100) }) }, maxPayloadBytes: 100 },
      {
        code: 'LOOM_PAYLOAD_TOO_LARGE',
        message: expect.stringMatching(
          /layered configuration of tenant "acme" has 1\d\d bytes as JSON; the limit is 100/,
        ),
      },
    ],
    [
      'when the values are no JSON',
      { layered: { get: async () => ({}) } },
      { code: 'LOOM_NOT_SERIALISABLE', message: expect.stringContaining('layered configuration of tenant') },
    ],
    [
      'when they cannot be had',
      {
        layered: {
          get: () => {
            throw new LoomError('LOOM_INVALID_CONFIG', 'limit is missing');
          },
        },
      },
      { code: 'LOOM_INVALID_CONFIG', message: 'limit is missing' },
    ],
  ];
  test.each(cases)('%s', async (_, options, error) => {
    await using orchestrator = orchestratorOn(undefined, undefined, {}, options);
    expect(await rejection(orchestrator.start(reads, null, { tenant: 'acme' }))).toMatchObject(error);
    expect((await orchestrator.executions.list()).items).toEqual([]);
  });
});

test('who reads none is not asked for any', async () => {
  const get = vi.fn(() => ({}));
  await using orchestrator = orchestratorOn(undefined, { get });
  const handle = await orchestrator.start({ stages: [{ id: 's', actor: 'echo' }] }, 1, { tenant: 'acme' });
  expect((await handle.result()).output).toBe(1);
  expect((await handle.status()).tenant).toBe('acme');
  expect(get).not.toHaveBeenCalled();
});

test.each([
  ['an empty text', ''],
  ['a number', 7],
  ['null', null],
  ['a text of 201 characters', 'x'.repeat(201)],
])('%s is no tenant', async (_, tenant) => {
  await using orchestrator = orchestratorOn(undefined, undefined);
  const starting = orchestrator.start({ stages: [{ id: 's', actor: 'echo' }] }, 1, { tenant } as object);
  expect(await rejection(starting)).toMatchObject({
    code: 'LOOM_INVALID_OPTION',
    message: `tenant is ${tenant}; give a text of 1 to 200 characters.`,
  });
});

test.each([null, {}, 'acme'])('%j is no layered configuration', (layered) => {
  expect(() => orchestratorOn(undefined, layered as never)).toThrow('give a LayeredConfig.');
});

test('Loom takes it beside its configuration', async () => {
  await using loom = new Loom({ layered: layers('m'), worker: { concurrency: 2 } });
  loom.registerActor('ocr', echo);
  const stages = [{ id: 's', actor: 'ocr', input: '${config.model}' }];
  expect((await loom.executePipeline({ stages }, null, { tenant: 'acme' })).output).toBe('m-ocr');
});

test('a record of it that is lost is told, and nothing is made up', async () => {
  const [inMemory] = stores;
  if (inMemory === undefined) throw new Error('no store');
  await using under = await inMemory.open();
  const never = (): Promise<never> => new Promise(() => undefined);
  const first = orchestratorOn(under.store, layers('m'), { hold: never });
  const { id } = await first.start(threeStages);
  await expect
    .poll(() => first.executions.why(id))
    .toContainEqual(expect.objectContaining({ kind: 'running' }));
  await first.close();
  const store = await under.reopen();
  vi.spyOn(store, 'records').mockResolvedValue([]);
  await using second = orchestratorOn(store, layers('m'), { hold: never });
  expect(await rejection(second.executions.output(id))).toMatchObject({ code: 'LOOM_STORE_CORRUPT' });
  expect(await second.executions.why(id)).toEqual([
    { kind: 'not-served', message: expect.stringContaining('has lost the record of its configuration') },
  ]);
});

test('it is what the layers say for the tenant and each actor type, whatever they are', async () => {
  const tenants = ['acme', 'other', undefined];
  const types = ['ocr', 'writer', 'echo'];
  const values = dictionary(constantFrom('a', 'b', 'c'), integer({ min: 0, max: 9 }));
  const layer = record({
    tenant: option(constantFrom('acme', 'other'), { nil: undefined }),
    actorType: option(constantFrom(...types), { nil: undefined }),
    values,
  });
  const definition = {
    stages: types.map((actor) => ({ id: actor, dependsOn: [], actor, input: '${config}' })),
    output: { stages: '${stages.*.output}', own: '${config}' },
  };
  await assert(
    asyncProperty(array(layer, { maxLength: 8 }), constantFrom(...tenants), async (given, tenant) => {
      const layered = new LayeredConfig<PlainValues>();
      for (const { values: some, ...scope } of given) layered.set(scope, some);
      await using orchestrator = orchestratorOn(undefined, layered);
      const handle = await orchestrator.start(definition, null, { tenant });
      const expected = {
        stages: types.map((actorType) => layered.get({ tenant, actorType })),
        own: layered.get({ tenant }),
      };
      layered.replace([{ values: { a: -1 } }]);
      expect((await handle.result()).output).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});
