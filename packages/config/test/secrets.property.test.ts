// A random secret, given in every way there is, appears in nothing that is printed.
import { format, inspect } from 'node:util';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import {
  formatExplanation,
  isConfigError,
  loadConfig,
  type LoadConfigOptions,
  type LoadedConfig,
  type LoomSettings,
} from '../src/index.js';
import { TempFolder } from './support/temp-folder.js';

/** Long enough not to be part of a message by chance. */
const secrets = fc
  .string({
    minLength: 12,
    maxLength: 40,
    unit: fc.constantFrom(...'abcXYZ0189!@#$%^&*()_+-=[]{}|;:,./<>? \'"\\'),
  })
  .filter((text) => !/^(env|file):/.test(text) && text.trim().length > 8);

/** The secret itself, and as it looks inside JSON, a literal or an address. */
function shapesOf(secret: string): readonly string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    inspect(secret).slice(1, -1),
    encodeURIComponent(secret),
  ];
}

function everythingPrinted(config: LoadedConfig): string {
  const raw = { depth: 9, showHidden: true, customInspect: false, showProxy: true };
  const rows = config.explain();
  return [
    inspect(config),
    inspect(config, raw),
    inspect({ nested: [config.redis, config.cosmos] }, { depth: 9 }),
    inspect({ ...config }, raw),
    JSON.stringify(config),
    JSON.stringify({ ...config, redis: [config.redis] }),
    format('%s %o %O %j', config, config, config, config),
    Object.prototype.toString.call(config),
    format('%s', config),
    JSON.stringify(rows),
    inspect(rows, raw),
    formatExplanation(rows),
  ].join('\n');
}

function everythingInError(error: unknown): string {
  const { message, stack, cause } = error as Error;
  return [
    message,
    stack,
    inspect(error, { depth: 9, showHidden: true }),
    JSON.stringify(error),
    inspect(cause, { depth: 9 }),
  ].join('\n');
}

type Way = (folder: TempFolder, secret: string) => LoadConfigOptions;
const yaml: (content: (secret: string) => object) => Way = (content) => (folder, secret) => {
  folder.write('loom.config.yaml', dump(content(secret)));
  return {};
};
const ways: Readonly<Record<string, Way>> = {
  YAML: yaml((password) => ({ redis: { host: 'h', password } })),
  'a profile': (folder, key) => {
    folder.write(
      'loom.config.json',
      JSON.stringify({ redis: 'redis://h', profiles: { p: { cosmos: { key } } } }),
    );
    return { profile: 'p' };
  },
  'an address': yaml((secret) => ({ redis: `redis://:${encodeURIComponent(secret)}@h` })),
  'the environment': (_, secret) => ({
    env: { LOOM_REDIS__HOST: 'h', LOOM_REDIS__PASSWORD: secret, LOOM_COSMOS__KEY: secret },
  }),
  'an address in the environment': (_, secret) => ({
    env: { REDIS_URL: `rediss://u:${encodeURIComponent(secret)}@h` },
  }),
  code: (_, secret) => ({ overrides: { redis: { host: 'h', password: secret }, cosmos: { key: secret } } }),
  'a variable': (_, SECRET) => ({
    env: { SECRET },
    overrides: { redis: { host: 'h', password: 'env:SECRET' } },
  }),
  'a file': (folder, secret) => {
    folder.write('secret', secret);
    return { overrides: { redis: { host: 'h', password: 'file:secret' } } };
  },
  'a value that lost': (folder, secret) => {
    folder.write(
      'loom.config.yaml',
      dump({ redis: `redis://:${encodeURIComponent(secret)}@old`, cosmos: { key: secret } }),
    );
    return { env: { REDIS_URL: 'redis://:other@new', LOOM_COSMOS__KEY: 'other' } };
  },
};

describe.each(Object.entries(ways))('a secret given by %s', (_, way) => {
  test('is there, and is not printed', async () => {
    await fc.assert(
      fc.asyncProperty(secrets, async (secret) => {
        using folder = new TempFolder();
        const config = await loadConfig({ cwd: folder.path, env: {}, ...way(folder, secret) });
        const printed = everythingPrinted(config);
        for (const shape of shapesOf(secret)) expect(printed).not.toContain(shape);
        expect(printed).toContain('[redacted]');
      }),
      { numRuns: 25 },
    );
  });

  test('is in no error, whatever else is wrong', async () => {
    const faults: readonly LoomSettings[] = [
      { worker: { concurrency: -1 } },
      { wroker: {} } as LoomSettings,
      { redis: { port: 0, passwrod: 'x' } } as LoomSettings,
      JSON.parse('{"__proto__":{}}') as LoomSettings,
      { cosmos: [] } as LoomSettings,
    ];
    await fc.assert(
      fc.asyncProperty(secrets, fc.constantFrom(...faults), async (secret, fault) => {
        using folder = new TempFolder();
        const options = way(folder, secret);
        const work = loadConfig({
          cwd: folder.path,
          env: {},
          ...options,
          overrides: { ...options.overrides, ...fault },
        });
        const error = await work.catch((reason: unknown) => reason);
        expect(isConfigError(error)).toBe(true);
        for (const shape of shapesOf(secret)) expect(everythingInError(error)).not.toContain(shape);
      }),
      { numRuns: 25 },
    );
  });
});

test('a secret reads like any other value', async () => {
  const { redis } = await loadConfig({ cwd: '/', env: { REDIS_URL: 'redis://:pw@h' } });
  expect(redis?.password).toBe('pw');
  expect({ ...redis }).toEqual({ host: 'h', port: 6379, tls: false, db: 0, password: 'pw' });
  expect(structuredClone(redis)).toEqual({ host: 'h', port: 6379, tls: false, db: 0, password: 'pw' });
});

test('a file that is damaged anywhere shows nothing of its secrets', async () => {
  const word = fc.string({ minLength: 12, maxLength: 30, unit: fc.constantFrom(...'abcdefXYZ0123456789_') });
  const damage = fc.constantFrom(...':{}[]\'"*&!@#\t%|>-?,`\\ \n\r\0', '');
  await fc.assert(
    fc.asyncProperty(
      word,
      damage,
      fc.nat(400),
      fc.constantFrom('yaml', 'json'),
      async (secret, text, place, extension) => {
        const content = {
          worker: { name: 'w' },
          redis: { host: 'h', username: 'u', password: secret, port: 1 },
          profiles: { p: { cosmos: { key: secret } } },
        };
        const whole = extension === 'json' ? JSON.stringify(content, undefined, 1) : dump(content);
        const at = place % whole.length;
        using folder = new TempFolder();
        folder.write(`loom.config.${extension}`, whole.slice(0, at) + text + whole.slice(at + 1));
        const outcome = await loadConfig({ cwd: folder.path, env: {} }).catch((reason: unknown) => reason);
        if (isConfigError(outcome)) expect(everythingInError(outcome)).not.toContain(secret);
        else expect(outcome).not.toBeInstanceOf(Error);
      },
    ),
    { numRuns: 600 },
  );
});
