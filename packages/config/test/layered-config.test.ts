import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { formatExplanation } from '../src/index.js';
import { LayeredConfig, type ConfigScope, type PlainValues } from '../src/layered/index.js';

interface Settings {
  readonly model: string;
  readonly budget: { readonly tokens: number; readonly pause: boolean };
  readonly tags: readonly string[];
}

const layers = [
  { values: { model: 'small', budget: { tokens: 100, pause: true }, tags: ['base', 'all'] } },
  { actorType: 'writer', values: { model: 'large', budget: { tokens: 200 } } },
  { tenant: 'acme', values: { budget: { tokens: 300 }, tags: ['acme'] } },
  { tenant: 'acme', actorType: 'writer', values: { budget: { pause: false } } },
];
const create = () => new LayeredConfig<Settings>({ layers });
const writer = { tenant: 'acme', actorType: 'writer' };

test('the most specific layer wins, key by key; lists are replaced as a whole', () => {
  const config = create();
  expect(config.get()).toEqual({
    model: 'small',
    budget: { tokens: 100, pause: true },
    tags: ['base', 'all'],
  });
  expect(config.get({ actorType: 'writer' }).budget).toEqual({ tokens: 200, pause: true });
  expect(config.get({ tenant: 'acme' })).toEqual({
    model: 'small',
    budget: { tokens: 300, pause: true },
    tags: ['acme'],
  });
  expect(config.get(writer)).toEqual({
    model: 'large',
    budget: { tokens: 300, pause: false },
    tags: ['acme'],
  });
  expect(config.get({ tenant: 'other', actorType: 'writer' })).toEqual(config.get({ actorType: 'writer' }));
  expectTypeOf(config.get(writer)).toEqualTypeOf<Settings>();
});

test('what it returns is frozen, and the same object until it changes', () => {
  const config = create();
  const before = config.get(writer);
  expect(Object.isFrozen(before) && Object.isFrozen(before.budget) && Object.isFrozen(before.tags)).toBe(
    true,
  );
  expect(config.get({ ...writer })).toBe(before);
  expect(config.get({ tenant: 'a' })).toBe(config.get({ tenant: 'b' }));
  config.set({ tenant: 'other' }, { model: 'x' });
  expect(config.get(writer)).toBe(before);
  config.set({ tenant: 'acme' }, undefined);
  expect(config.get(writer).budget.tokens).toBe(200);
});

test('it keeps a copy of what it is given', () => {
  const values = { model: 'a', budget: { tokens: 1, pause: true }, tags: ['x'] };
  const config = new LayeredConfig<Settings>({ layers: [{ values }] });
  values.budget.tokens = 2;
  values.tags.push('y');
  expect(config.get()).toEqual({ model: 'a', budget: { tokens: 1, pause: true }, tags: ['x'] });
});

test('explain() says which layer a value comes from', () => {
  expect(`\n${formatExplanation(create().explain(writer))}\n`).toMatchInlineSnapshot(`
    "
    setting        value     from                            instead of
    model          "large"   actor type writer               "small" (base)
    budget.tokens  300       tenant acme                     200 (actor type writer), 100 (base)
    budget.pause   false     tenant acme, actor type writer  true (base)
    tags           ["acme"]  tenant acme                     ["base","all"] (base)
    "
  `);
});

test('layers() is plain data that replace() takes back', () => {
  const config = create();
  expect(config.layers()).toEqual(layers);
  const copy = new LayeredConfig<Settings>({ layers: JSON.parse(JSON.stringify(config.layers())) });
  expect(copy.get(writer)).toEqual(config.get(writer));
  copy.replace([]);
  expect(copy.get(writer)).toEqual({});
});

describe('what is refused changes nothing', () => {
  const refusal = (work: (config: LayeredConfig<Settings>) => void, config = create()): string => {
    const before = config.layers();
    let message = 'It was not refused.';
    try {
      work(config);
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(config.layers()).toEqual(before);
    return message;
  };
  const set = (values: unknown, scope: unknown = { tenant: 'acme' }) =>
    refusal((config) => config.set(scope as ConfigScope, values as Partial<Settings>));

  test('values that are not plain data', () => {
    const circle: Record<string, unknown> = {};
    circle.budget = { circle };
    expect(set({ budget: { tokens: NaN } })).toMatchInlineSnapshot(
      `"The layer for tenant acme: values.budget.tokens is NaN. Give a finite number."`,
    );
    expect(set({ budget: { tokens: () => 1 } })).toMatchInlineSnapshot(
      `"The layer for tenant acme: values.budget.tokens is no plain data. Give what JSON can hold."`,
    );
    expect(set({ tags: [new Date(0)] })).toMatchInlineSnapshot(
      `"The layer for tenant acme: values.tags.0 is no plain data. Give what JSON can hold."`,
    );
    expect(set(circle)).toMatchInlineSnapshot(
      `"The layer for tenant acme: values.budget.circle contains itself. Give what JSON can hold."`,
    );
    expect(set(['x'])).toMatchInlineSnapshot(
      `"The layer for tenant acme: values are not an object. Give settings by name."`,
    );
    expect(set(null, {})).toMatchInlineSnapshot(
      `"The layer for base: values are not an object. Give settings by name."`,
    );
  });

  test('scopes without a name', () => {
    expect(set({}, { tenant: '' })).toMatchInlineSnapshot(
      `"tenant is empty text. Give its name, or leave it out."`,
    );
    expect(set({}, { actorType: 5 })).toMatchInlineSnapshot(
      `"actorType is a number. Give its name, or leave it out."`,
    );
  });

  test('two layers for one scope', () => {
    const twice = [
      { tenant: 'a', values: {} },
      { tenant: 'a', values: {} },
    ];
    expect(refusal((config) => config.replace(twice))).toMatchInlineSnapshot(
      `"There are two layers for tenant a. Merge them into one."`,
    );
  });

  test('what parse refuses, for any combination that the change reaches', () => {
    const schema = z
      .object({ soft: z.number(), hard: z.number() })
      .refine(({ soft, hard }) => soft <= hard, { error: 'soft is above hard' });
    const config = new LayeredConfig<z.output<typeof schema>>({
      layers: [{ values: { soft: 1, hard: 10 } }, { tenant: 'acme', values: { hard: 5 } }],
      parse: (values) => schema.parse(values),
    });
    expect(() => config.set({ actorType: 'writer' }, { soft: 7 })).toThrow(
      'for tenant acme, actor type writer were refused',
    );
    expect(config.get({ actorType: 'writer' }).soft).toBe(1);
    config.set({ actorType: 'writer' }, { soft: 4 });
    expect(config.get(writer)).toEqual({ soft: 4, hard: 5 });
    expect(() => config.set({}, undefined)).toThrow('were refused, so nothing was changed');
    expect(() => new LayeredConfig({ parse: (values) => schema.parse(values) })).toThrow(
      'The values for base',
    );
  });
});

test('parse may fill in defaults', () => {
  const schema = z.object({
    tokens: z.number().default(5),
    nested: z.object({ list: z.array(z.string()).default(['x']) }).prefault({}),
  });
  const config = new LayeredConfig({ parse: (values) => schema.parse(values) });
  expect(config.get({ tenant: 'any' })).toEqual({ tokens: 5, nested: { list: ['x'] } });
  expect(Object.isFrozen(config.get().nested.list)).toBe(true);
});

describe('subscribe', () => {
  test('hears of changes of its own values only, before set returns', () => {
    const config = create();
    const heard: string[] = [];
    config.subscribe(writer, ({ model }) => heard.push(model));
    config.set({ tenant: 'other' }, { model: 'no' });
    config.set({ actorType: 'reader' }, { model: 'no' });
    config.set(
      {},
      { model: 'hidden by the actor type', budget: { tokens: 100, pause: true }, tags: ['base', 'all'] },
    );
    expect(heard).toEqual([]);
    config.set({ tenant: 'acme' }, { model: 'by tenant', budget: { tokens: 300 } });
    expect(heard).toEqual(['by tenant']);
    config.replace([]);
    expect(heard).toEqual(['by tenant', undefined]);
  });

  test('ends by its function, twice at will, and by a signal', () => {
    const config = create();
    const heard: string[] = [];
    const abort = new AbortController();
    const stop = config.subscribe({}, ({ model }) => heard.push(`first ${model}`));
    config.subscribe({}, ({ model }) => heard.push(`second ${model}`), { signal: abort.signal });
    config.set({}, { model: 'a' });
    stop();
    stop();
    config.set({}, { model: 'b' });
    abort.abort();
    config.set({}, { model: 'c' });
    expect(heard).toEqual(['first a', 'second a', 'second b']);
    expect(() => config.subscribe({}, () => {}, { signal: AbortSignal.abort(new Error('gone')) })).toThrow(
      'gone',
    );
  });

  test('a listener that throws is logged, and the others are called', () => {
    const lines: unknown[] = [];
    const heard: string[] = [];
    const logger = { error: (message: string, fields?: object) => lines.push([message, fields]) };
    const config = new LayeredConfig<Settings>({ layers, logger });
    const error = new Error('mine');
    config.subscribe({ tenant: 'acme' }, () => {
      throw error;
    });
    config.subscribe({}, ({ model }) => heard.push(model));
    config.set({}, { model: 'new' });
    expect(lines).toEqual([['A configuration listener failed', { scope: 'tenant acme', error }]]);
    expect(heard).toEqual(['new']);
    new LayeredConfig().subscribe({}, () => {
      throw error;
    });
  });

  test('a listener that changes the configuration is heard in order, and nothing twice', () => {
    const config = create();
    const heard: string[] = [];
    config.subscribe({}, ({ model }) => {
      if (model === 'one') config.set({}, { model: 'two' });
    });
    config.subscribe({}, ({ model }) => heard.push(model));
    config.set({}, { model: 'one' });
    expect(heard).toEqual(['two']);
  });
});

describe('watch', () => {
  test('gives the current values, then each change; a slow reader gets the latest', async () => {
    const config = create();
    const seen: string[] = [];
    for await (const { model } of config.watch({ tenant: 'acme' })) {
      seen.push(model);
      if (model === 'small')
        for (const next of ['a', 'b', 'c']) config.set({ tenant: 'acme' }, { model: next });
      if (model === 'c') setImmediate(() => config.set({ tenant: 'acme' }, { model: 'last' }));
      if (model === 'last') break;
    }
    expect(seen).toEqual(['small', 'c', 'last']);
  });

  test('ends with the reason of its signal: before, during and after a wait', async () => {
    const config = create();
    const reason = new Error('enough');
    await expect(config.watch({}, { signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
    const abort = new AbortController();
    const values = config.watch({}, { signal: abort.signal });
    expect((await values.next()).value?.model).toBe('small');
    const waiting = values.next();
    setImmediate(() => abort.abort(reason));
    await expect(waiting).rejects.toBe(reason);
    expect(await values.next()).toEqual({ value: undefined, done: true });
    config.set({}, { model: 'nobody listens' });
  });
});

test('any layers: the result is what setting keys from the base upward gives', () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null), fc.array(fc.integer()));
  const key = fc.constantFrom('a', 'b', 'c');
  const values = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf))) as fc.Arbitrary<PlainValues>;
  const optional = <T>(value: T, given: fc.Arbitrary<PlainValues>) =>
    fc.option(
      given.map((one) => ({ ...value, values: one })),
      { nil: undefined },
    );
  const stack = fc.tuple(
    optional({}, values),
    optional({ actorType: 'w' }, values),
    optional({ tenant: 't' }, values),
    optional({ tenant: 't', actorType: 'w' }, values),
  );
  fc.assert(
    fc.property(stack, (all) => {
      const given = all.filter((layer) => layer !== undefined);
      const config = new LayeredConfig({ layers: given });
      const expected: Record<string, unknown> = {};
      for (const layer of given) {
        for (const [name, value] of Object.entries(layer.values)) {
          const isBoth = isObject(value) && isObject(expected[name]);
          expected[name] = isBoth ? { ...(expected[name] as object), ...(value as object) } : value;
        }
      }
      expect(config.get({ tenant: 't', actorType: 'w' })).toEqual(expected);
      for (const { path, value } of config.explain({ tenant: 't', actorType: 'w' })) {
        const told = path
          .split('.')
          .reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], expected);
        expect(value).toEqual(told);
      }
    }),
  );
  function isObject(value: unknown): boolean {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
});
