import { expect, test } from 'vitest';
import { loadConfig, resolveConfig, type LoomConfig } from '../src/index.js';
import { LayeredConfig } from '../src/layered/index.js';
import { failureOf } from './support/failure-of.js';
import { TempFolder } from './support/temp-folder.js';

const polluted = () => ({}) as { polluted?: unknown };

test.each(['__proto__', 'constructor', 'prototype'])('%s is refused wherever it stands', async (key) => {
  const value = '{ "polluted": true }';
  const files = {
    'loom.config.yaml': [
      `${key}: ${value}`,
      `worker: { ${key}: ${value} }`,
      `profiles: { ${key}: { worker: {} } }`,
      `profiles: { p: { redis: { ${key}: ${value} } } }`,
    ],
    'loom.config.json': [`{ "${key}": ${value} }`, `{ "worker": { "${key}": ${value} } }`],
    'loom.config.mjs': [`export default JSON.parse('{ "worker": { "${key}": ${value} } }')`],
  };
  for (const [name, texts] of Object.entries(files)) {
    for (const text of texts) {
      using folder = new TempFolder({ [name]: text });
      const error = await failureOf(loadConfig({ cwd: folder.path, env: {} }));
      expect(error.message).toContain(`${key} (loom.config.`);
      expect(error.message).toContain('is a key that could change the prototype of objects. Remove it.');
    }
  }
  expect(polluted().polluted).toBeUndefined();
});

test('the environment cannot name them', async () => {
  const variables = ['LOOM___PROTO____POLLUTED', 'LOOM_WORKER____PROTO__', 'LOOM_CONSTRUCTOR__PROTOTYPE'];
  for (const name of variables) {
    const error = await failureOf(loadConfig({ cwd: '/', env: { [name]: 'x' } }));
    expect(error.message).toContain(`The environment variable ${name} is not a setting.`);
  }
  const config = await loadConfig({
    cwd: '/',
    env: Object.assign(Object.create({ LOOM_WORKER__NAME: 'inherited' }), {}),
  });
  expect(config.worker).toHaveProperty('concurrency', 100);
  expect(polluted().polluted).toBeUndefined();
});

test('a reference and a profile find own names only', async () => {
  const config = { redis: { host: 'h', password: 'env:constructor' } };
  expect((await failureOf(resolveConfig(config, { env: {} }))).message).toContain(
    'constructor, which is not set',
  );
  expect((await failureOf(resolveConfig({ profiles: {} }, { profile: 'toString' }))).message).toContain(
    '"toString"',
  );
});

test('an object that inherits is no plain configuration', async () => {
  const config = { worker: Object.create({ name: 'inherited' }) as object } as LoomConfig;
  expect((await failureOf(resolveConfig(config))).message).toBe(
    'worker (code) is an instance of a class. Give plain settings.',
  );
  expect((await failureOf(resolveConfig({ __proto__: { worker: {} } } as LoomConfig))).message).toContain(
    'instance of a class',
  );
});

test('a document that contains itself, or itself a million times, is read in no time', async () => {
  const bomb = [
    'a0: &a0 { x: 1 }',
    ...Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} { p: *a${n}, q: *a${n}, r: *a${n} }`),
  ];
  for (const text of ['worker: &w { name: *w }', 'profiles: &p { p: { profiles: *p } }', bomb.join('\n')]) {
    using folder = new TempFolder({ 'loom.config.yaml': text });
    await failureOf(loadConfig({ cwd: folder.path, env: {} }));
  }
});

test('layers refuse them as well', () => {
  const layers = JSON.parse('[{ "values": { "a": { "__proto__": { "polluted": true } } } }]') as {
    values: object;
  }[];
  expect(() => new LayeredConfig<object>({ layers })).toThrow(
    'values.a.__proto__ is a key that could change the prototype',
  );
  const odd = new LayeredConfig<object>({ layers: [{ tenant: '__proto__', values: { a: 1 } }] });
  expect(odd.get({ tenant: '__proto__' })).toEqual({ a: 1 });
  expect(polluted().polluted).toBeUndefined();
});
