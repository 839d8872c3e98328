// Layers of random settings, compared with the simplest statement of the rule: the highest layer that has a value wins.
import { resolve } from 'node:path';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { expect, test } from 'vitest';
import {
  describeSettings,
  loadConfig,
  resolveConfig,
  type LoadedConfig,
  type LoomSettings,
} from '../src/index.js';
import { arbitraryValues, nest, toEnvironment, type Values } from './support/arbitrary-settings.js';
import { TempFolder } from './support/temp-folder.js';

const settings = await describeSettings();
const values = arbitraryValues(settings);

function valueOf(config: LoadedConfig, path: string): unknown {
  const [block = '', key = ''] = path.split('.');
  return (config as unknown as Record<string, Record<string, unknown> | undefined>)[block]?.[key];
}

test('the highest layer that gives a value wins, and explain() tells the whole story', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ file: values, profile: values, environment: values, code: values }),
      fc.constantFrom('yaml', 'json'),
      async (layers, format) => {
        const file: Values = { 'redis.host': 'h', ...layers.file };
        const document = { ...nest(file), profiles: { chosen: nest(layers.profile), other: {} } };
        const text = format === 'json' ? JSON.stringify(document) : dump(document);
        using folder = new TempFolder({ [`loom.config.${format}`]: text });
        const config = await loadConfig({
          cwd: folder.path,
          env: toEnvironment(layers.environment, settings),
          profile: 'chosen',
          overrides: nest(layers.code),
        });

        const explained = new Map(config.explain().map((row) => [row.path, row]));
        for (const { path, secret, default: preset, block } of settings) {
          const fromFile = (given: Values) =>
            path === 'embedded.path' && path in given
              ? resolve(folder.path, String(given[path]))
              : given[path];
          const defaults = block in config ? preset : undefined;
          const stack = [
            { layer: 'code', value: layers.code[path] },
            { layer: 'environment', value: layers.environment[path] },
            { layer: 'profile', value: fromFile(layers.profile) },
            { layer: 'file', value: fromFile(file) },
            { layer: 'default', value: defaults },
          ].filter(({ value }) => value !== undefined);
          expect(valueOf(config, path), path).toEqual(stack[0]?.value);
          const row = explained.get(path);
          const told = row === undefined ? [] : [row, ...row.overrode];
          expect(told.map(({ origin, value }) => ({ layer: origin.layer, value }))).toEqual(
            stack.map(({ layer, value }) => ({ layer, value: secret ? '[redacted]' : value })),
          );
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a configuration survives the way through environment variables', async () => {
  await fc.assert(
    fc.asyncProperty(values, async (given) => {
      const complete: Values = { 'redis.host': 'h', ...given };
      const direct = await loadConfig({ cwd: '/', env: {}, overrides: nest(complete) });
      const around = await loadConfig({ cwd: '/', env: toEnvironment(complete, settings) });
      expect(around).toEqual(direct);
    }),
    { numRuns: 100 },
  );
});

test('what was loaded loads again to the same', async () => {
  await fc.assert(
    fc.asyncProperty(values, async (given) => {
      const overrides = nest({ 'redis.host': 'h', ...given });
      const once = await loadConfig({ cwd: '/', env: {}, overrides });
      expect(await loadConfig({ cwd: '/', env: {}, overrides: once })).toEqual(once);
    }),
    { numRuns: 50 },
  );
});

const redis = async (lowest: LoomSettings['redis'], env: Record<string, string>) =>
  (await loadConfig({ cwd: '/', env, overrides: { redis: lowest } })).redis;

test('an address replaces what it names, and keeps what it does not', async () => {
  using folder = new TempFolder({
    'loom.config.yaml': 'redis: { host: old, port: 1, tls: true, password: kept, keyPrefix: p }',
  });
  const config = await loadConfig({ cwd: folder.path, env: { REDIS_URL: 'redis://new' } });
  expect(config.redis).toEqual({
    host: 'new',
    port: 6379,
    tls: false,
    password: 'kept',
    keyPrefix: 'p',
    db: 0,
  });
});

test('when Redis moves to another host, nothing of the old address goes with it', async () => {
  expect(await redis({ host: 'new' }, { REDIS_URL: 'rediss://user:secret@old:1/2' })).toEqual({
    host: 'new',
    port: 6379,
    tls: false,
    db: 0,
  });
});

test('a single field above an address changes that field alone', async () => {
  expect(await redis({ db: 5, password: 'new' }, { REDIS_URL: 'rediss://user:old@h:1/2' })).toEqual({
    host: 'h',
    port: 1,
    tls: true,
    db: 5,
    username: 'user',
    password: 'new',
  });
});

test('LOOM_REDIS__URL wins over REDIS_URL', async () => {
  expect((await redis(undefined, { REDIS_URL: 'redis://a', LOOM_REDIS__URL: 'redis://b' }))?.host).toBe('b');
});

test('an address may have TLS asked for beside it', async () => {
  const config = await resolveConfig({ redis: { url: 'redis://h', tls: true } });
  expect(config.redis?.tls).toBe(true);
  const tls = config.explain().find(({ path }) => path === 'redis.tls');
  expect(tls?.overrode.map(({ from }) => from)).toEqual(['default']);
});

test('a reference that is overridden is not followed', async () => {
  expect((await redis('redis://h', { REDIS_URL: 'env:MISSING' }))?.host).toBe('h');
  expect(
    (await redis({ password: 'p' }, { REDIS_URL: 'redis://h', LOOM_REDIS__PASSWORD: 'file:/missing' }))
      ?.password,
  ).toBe('p');
});

test('what a reference leads to is taken literally', async () => {
  expect((await redis({ host: 'h', password: 'env:A' }, { A: 'env:B', B: 'x' }))?.password).toBe('env:B');
});

test('a service of Kubernetes called loom-redis is no misspelt setting', async () => {
  const env = { LOOM_REDIS_PORT: 'tcp://10.0.0.1:6379', LOOM_REDIS_SERVICE_HOST: '10.0.0.1', LOOM_ROOM: 'x' };
  expect((await loadConfig({ cwd: '/', env })).redis).toBeUndefined();
});
