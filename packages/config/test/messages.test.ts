// Every message a user can meet, as it is printed.
import { describe, expect, test } from 'vitest';
import { loadConfig, resolveConfig, type LoadConfigOptions, type LoomConfig } from '../src/index.js';
import { explainImportFailure } from '../src/document/import-config-module.js';
import { failureOf } from './support/failure-of.js';
import { TempFolder } from './support/temp-folder.js';

/** The message that a file leads to, with the temporary folder called `/app`. */
async function messageOf(
  text: string,
  options: LoadConfigOptions & { readonly name?: string } = {},
): Promise<string> {
  const { name = 'loom.config.yaml', ...rest } = options;
  using folder = new TempFolder({ [name]: text });
  const { message } = await failureOf(loadConfig({ cwd: folder.path, env: {}, ...rest }));
  return message.replaceAll(folder.path, '/app');
}

/** The message that an object leads to. */
async function complaint(config: unknown): Promise<string> {
  return (await failureOf(resolveConfig(config as LoomConfig, { env: {}, cwd: '/app' }))).message;
}

describe('a setting that does not exist', () => {
  test('a misspelt one is recognised', async () => {
    expect(await messageOf('redis:\n  host: h\n  prot: 1\n')).toMatchInlineSnapshot(
      `"redis.prot (loom.config.yaml:3) is not a setting. Did you mean redis.port?"`,
    );
    expect(await messageOf('reddis:\n  host: h\n')).toMatchInlineSnapshot(
      `"reddis (loom.config.yaml:1) is not a setting. Did you mean redis?"`,
    );
    expect(await messageOf('limits: { max_payload_bytes: 1 }')).toMatchInlineSnapshot(
      `"limits.max_payload_bytes (loom.config.yaml:1) is not a setting. Did you mean limits.maxPayloadBytes?"`,
    );
  });

  test('one in the wrong block is sent to the right one', async () => {
    expect(await messageOf('concurrency: 5')).toMatchInlineSnapshot(
      `"concurrency (loom.config.yaml:1) is not a setting. Did you mean worker.concurrency?"`,
    );
    expect(await messageOf('worker: { tracing: true }')).toMatchInlineSnapshot(
      `"worker.tracing (loom.config.yaml:1) is not a setting. Did you mean observability.tracing?"`,
    );
  });

  test('a strange one gets the list', async () => {
    expect(await messageOf('worker: { colour: blue }')).toMatchInlineSnapshot(
      `"worker.colour (loom.config.yaml:1) is not a setting. Known here: name, labels, concurrency, leaseMs."`,
    );
    expect(await messageOf('{ "colour": "blue" }', { name: 'loom.config.json' })).toMatchInlineSnapshot(
      `"colour (loom.config.json:1) is not a setting. Known here: embedded, redis, cosmos, limits, retention, worker, observability, profiles."`,
    );
  });

  test('a profile is checked also when it is not chosen', async () => {
    expect(await messageOf('profiles:\n  test:\n    redis:\n      hots: h\n')).toMatchInlineSnapshot(
      `"profiles.test.redis.hots (loom.config.yaml:4) is not a setting. Did you mean profiles.test.redis.host?"`,
    );
    expect(await messageOf('profiles: { test: { profiles: {} } }')).toMatchInlineSnapshot(
      `"profiles.test.profiles (loom.config.yaml:1) is not a setting. Known here: embedded, redis, cosmos, limits, retention, worker, observability."`,
    );
  });

  test('a variable that was meant for Loom is recognised', async () => {
    expect(await messageOf('', { env: { LOOM_REDIS_URL: 'x' } })).toMatchInlineSnapshot(
      `"The environment variable LOOM_REDIS_URL is not a setting. Did you mean LOOM_REDIS__URL?"`,
    );
    expect(await messageOf('', { env: { LOOM_REDIS__PROT: '1' } })).toMatchInlineSnapshot(
      `"The environment variable LOOM_REDIS__PROT is not a setting. Did you mean LOOM_REDIS__PORT?"`,
    );
    expect(await messageOf('', { env: { LOOM_STORE__KIND: 'x' } })).toMatchInlineSnapshot(
      `"The environment variable LOOM_STORE__KIND is not a setting. The README lists the variables."`,
    );
  });
});

describe('a value that does not fit', () => {
  test('labels that are none', async () => {
    expect(await messageOf('worker: { labels: west }')).toMatchInlineSnapshot(
      `"worker.labels (loom.config.yaml:1) is not a list of labels. Give name=value, more of them after commas."`,
    );
  });

  test('numbers', async () => {
    expect(await messageOf('worker: { concurrency: many }')).toMatchInlineSnapshot(
      `"worker.concurrency (loom.config.yaml:1) is "many". Give a whole number from 1 to 100000."`,
    );
    expect(await messageOf('redis: { host: h, port: "6379" }')).toMatchInlineSnapshot(
      `"redis.port (loom.config.yaml:1) is "6379". Give a whole number from 1 to 65535, without quotes."`,
    );
    expect(await messageOf('', { env: { LOOM_WORKER__CONCURRENCY: '1.5' } })).toMatchInlineSnapshot(
      `"worker.concurrency (LOOM_WORKER__CONCURRENCY) is 1.5. Give a whole number from 1 to 100000."`,
    );
    expect(await messageOf('', { env: { LOOM_RETENTION__COMPLETED_MS: '7d' } })).toMatchInlineSnapshot(
      `"retention.completedMs (LOOM_RETENTION__COMPLETED_MS) is "7d". Give a whole number, 0 or more."`,
    );
    expect(await complaint({ worker: { concurrency: Number.NaN } })).toMatchInlineSnapshot(
      `"worker.concurrency (code) is NaN. Give a whole number from 1 to 100000."`,
    );
    expect(await complaint({ limits: { maxPayloadBytes: -1 } })).toMatchInlineSnapshot(
      `"limits.maxPayloadBytes (code) is -1. Give a whole number from 1 to 536870912."`,
    );
  });

  test('choices, truths, texts and addresses', async () => {
    expect(await messageOf('embedded: { sync: ful }')).toMatchInlineSnapshot(
      `"embedded.sync (loom.config.yaml:1) is "ful". Give "full" or "normal". Did you mean "full"?"`,
    );
    expect(await messageOf('embedded: { sync: whatever }')).toMatchInlineSnapshot(
      `"embedded.sync (loom.config.yaml:1) is "whatever". Give "full" or "normal"."`,
    );
    expect(await messageOf('observability: { tracing: "true" }')).toMatchInlineSnapshot(
      `"observability.tracing (loom.config.yaml:1) is "true". Give true or false, without quotes."`,
    );
    expect(await messageOf('', { env: { LOOM_REDIS__TLS: 'yes' } })).toMatchInlineSnapshot(
      `"redis.tls (LOOM_REDIS__TLS) is "yes". Give true or false."`,
    );
    expect(await complaint({ worker: { name: 'x'.repeat(129) } })).toMatchInlineSnapshot(
      `"worker.name (code) is "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…". Give text of at most 128 characters."`,
    );
    expect(await complaint({ worker: { name: '' } })).toMatchInlineSnapshot(
      `"worker.name (code) is empty text. Give text of at most 128 characters."`,
    );
    expect(await complaint({ embedded: { path: 5 } })).toMatchInlineSnapshot(
      `"embedded.path (code) is 5. Give text."`,
    );
    expect(await messageOf('', { env: { COSMOS_ENDPOINT: 'example' } })).toMatchInlineSnapshot(
      `"cosmos.endpoint (COSMOS_ENDPOINT) is "example". Give an address that starts with https://."`,
    );
    expect(
      await messageOf('', { env: { COSMOS_ENDPOINT: 'AccountEndpoint=https://x;AccountKey=abc' } }),
    ).toMatchInlineSnapshot(
      `"cosmos.endpoint (COSMOS_ENDPOINT) is text that is not shown. Give an address that starts with https://."`,
    );
  });

  test('blocks', async () => {
    expect(await messageOf('redis:\n  # host: h\n')).toMatchInlineSnapshot(
      `"redis (loom.config.yaml:1) is empty. Give an address such as redis://localhost:6379, or settings by name: url, host, port, username, password, db, tls, keyPrefix."`,
    );
    expect(await messageOf('redis: 6379')).toMatchInlineSnapshot(
      `"redis (loom.config.yaml:1) is a number. Give an address such as redis://localhost:6379, or settings by name: url, host, port, username, password, db, tls, keyPrefix."`,
    );
    expect(await messageOf('worker: [a]')).toMatchInlineSnapshot(
      `"worker (loom.config.yaml:1) is a list. Give settings by name: name, labels, concurrency, leaseMs."`,
    );
    expect(await messageOf('profiles: [a]')).toMatchInlineSnapshot(
      `"profiles (loom.config.yaml:1) is a list. Give settings by profile name."`,
    );
    expect(await messageOf('profiles: { test: yes }')).toMatchInlineSnapshot(
      `"profiles.test (loom.config.yaml:1) is text that is not shown. Give settings by name: embedded, redis, cosmos, limits, retention, worker, observability."`,
    );
    expect(await messageOf('- a\n- b\n')).toMatchInlineSnapshot(
      `"The configuration (loom.config.yaml) is a list. Give settings by name: embedded, redis, cosmos, limits, retention, worker, observability, profiles."`,
    );
    expect(await complaint(null)).toMatchInlineSnapshot(
      `"The configuration (code) is empty. Give settings by name: embedded, redis, cosmos, limits, retention, worker, observability, profiles."`,
    );
    expect(await messageOf('', { overrides: null as unknown as LoomConfig })).toMatchInlineSnapshot(
      `"The configuration (code) is empty. Give settings by name: embedded, redis, cosmos, limits, retention, worker, observability, profiles."`,
    );
    expect(await complaint('redis://h')).toMatchInlineSnapshot(
      `"The configuration (code) is text that is not shown. Give settings by name: embedded, redis, cosmos, limits, retention, worker, observability, profiles."`,
    );
    expect(await complaint({ redis: new Map() })).toMatchInlineSnapshot(
      `"redis (code) is an instance of a class. Give plain settings."`,
    );
    expect(await complaint({ worker: { name: () => 'x' } })).toMatchInlineSnapshot(
      `"worker.name (code) is a function. Give text of at most 128 characters."`,
    );
  });

  test('secrets are not shown', async () => {
    expect(await messageOf('redis: { host: h, password: 123456 }')).toMatchInlineSnapshot(
      `"redis.password (loom.config.yaml:1) is a number. Give text, or a reference such as env:REDIS_PASSWORD."`,
    );
    expect(await messageOf('cosmos: { key: "" }')).toMatchInlineSnapshot(
      `"cosmos.key (loom.config.yaml:1) is empty text. Give text, or a reference such as env:COSMOS_KEY."`,
    );
    expect(await messageOf('', { env: { REDIS_URL: 'cache.internal:6379' } })).toMatchInlineSnapshot(
      `"redis.url (REDIS_URL) is no address such as redis://localhost:6379. Write special characters of a password as %XX, or give redis.password beside the address. It is not shown, as it may hold a password."`,
    );
    expect(await messageOf('redis: redis://:pa%ss@h')).toMatchInlineSnapshot(
      `"redis.url (loom.config.yaml:1) has a "%" in its user or password that begins no %XX. Write it as %25. It is not shown, as it may hold a password."`,
    );
    expect(await messageOf('redis: redis://h/cache')).toMatchInlineSnapshot(
      `"redis.url (loom.config.yaml:1) has a path that is no database number, such as /0. It is not shown, as it may hold a password."`,
    );
    expect(await messageOf('redis: redis://h?family=6')).toMatchInlineSnapshot(
      `"redis.url (loom.config.yaml:1) has options after "?" or "#". Give them as settings, such as redis.tls. It is not shown, as it may hold a password."`,
    );
  });
});

describe('settings that contradict each other', () => {
  test('in one place', async () => {
    expect(await messageOf('redis: { url: "redis://h", host: h }')).toMatchInlineSnapshot(
      `"redis (loom.config.yaml:1) has a url beside host or port. Keep one."`,
    );
    expect(await messageOf('redis: { url: "redis://:a@h", password: b }')).toMatchInlineSnapshot(
      `"redis.url (loom.config.yaml:1) and redis.password beside it disagree. Keep one of them."`,
    );
    expect(await messageOf('redis: { url: "rediss://h", tls: false }')).toMatchInlineSnapshot(
      `"redis.url (loom.config.yaml:1) and redis.tls beside it disagree. Keep one of them."`,
    );
  });

  test('no address', async () => {
    expect(await messageOf('redis: {}')).toMatchInlineSnapshot(
      `"redis (loom.config.yaml:1) has no address. Give redis.url or redis.host."`,
    );
    expect(await messageOf('', { env: { LOOM_REDIS__PASSWORD: 'x' } })).toMatchInlineSnapshot(
      `"redis (LOOM_REDIS__PASSWORD) has no address. Give redis.url or redis.host."`,
    );
  });
});

describe('references', () => {
  test('to the environment', async () => {
    expect(await messageOf('redis: { host: h, password: env:REDIS_PASSWORD }')).toMatchInlineSnapshot(
      `"redis.password (loom.config.yaml:1) refers to the environment variable REDIS_PASSWORD, which is not set. Set it."`,
    );
    expect(await messageOf('redis: { host: h, password: env:X }', { env: { X: '' } })).toMatchInlineSnapshot(
      `"redis.password (loom.config.yaml:1) refers to the environment variable X, which is empty. Set it."`,
    );
    expect(await messageOf('redis: { host: h, password: "env:" }')).toMatchInlineSnapshot(
      `"redis.password (loom.config.yaml:1) starts with "env:" and names no variable. Give env:NAME. Its value is not shown."`,
    );
  });

  test('to a file', async () => {
    expect(await messageOf('cosmos: { key: file:secrets/key }')).toMatchInlineSnapshot(
      `"cosmos.key (loom.config.yaml:1) refers to the file secrets/key, which does not exist."`,
    );
    expect(await messageOf('cosmos: { key: file:. }')).toMatchInlineSnapshot(
      `"cosmos.key (loom.config.yaml:1) refers to the file ., which is a folder or a device. Name the file itself."`,
    );
    using folder = new TempFolder({ empty: '\n', large: 'x'.repeat(100_000) });
    expect(
      await messageOf(`cosmos: { key: "file:${folder.path}/empty" }`).then(withoutFolder),
    ).toMatchInlineSnapshot(
      `"cosmos.key (loom.config.yaml:1) refers to the file /run/empty, which is empty."`,
    );
    expect(
      await messageOf(`cosmos: { key: "file://${folder.path}/large" }`).then(withoutFolder),
    ).toMatchInlineSnapshot(
      `"cosmos.key (loom.config.yaml:1) refers to the file /run/large, which is too large for a secret: 100000 bytes."`,
    );
    function withoutFolder(message: string): string {
      return message.replace(folder.path, '/run');
    }
  });
});

describe('profiles', () => {
  const yaml = 'profiles: { production: {}, test: {} }';
  test('must be defined', async () => {
    expect(await messageOf(yaml, { profile: 'prodution' })).toMatchInlineSnapshot(
      `"Profile "prodution" (options.profile) is not defined. Did you mean "production"?"`,
    );
    expect(await messageOf(yaml, { env: { LOOM_PROFILE: 'staging' } })).toMatchInlineSnapshot(
      `"Profile "staging" (LOOM_PROFILE) is not defined. Known: production, test."`,
    );
    expect(await messageOf('', { profile: 'production' })).toMatchInlineSnapshot(
      `"Profile "production" (options.profile) is not defined. Define it under "profiles" in a configuration file."`,
    );
    const error = await failureOf(loadConfig({ cwd: '/', env: { LOOM_PROFILE: 'production' } }));
    expect(error.message).toMatchInlineSnapshot(
      `"Profile "production" (LOOM_PROFILE) is not defined. Define it under "profiles" in a configuration file."`,
    );
  });

  test('cannot come with the overrides', async () => {
    const overrides = { profiles: {} } as LoomConfig;
    expect(await messageOf('', { overrides })).toMatchInlineSnapshot(
      `"loadConfig: overrides holds profiles. Define them in the file, and choose one with "profile"."`,
    );
  });
});

describe('files that cannot be read', () => {
  test('YAML', async () => {
    expect(await messageOf('redis:\n  host: h\n port: 1\n')).toMatchInlineSnapshot(
      `"loom.config.yaml:3:2 is not valid YAML: bad indentation of a mapping entry."`,
    );
    expect(await messageOf('worker: { name: a, name: b }')).toMatchInlineSnapshot(
      `"loom.config.yaml:1:20 is not valid YAML: duplicated mapping key."`,
    );
    expect(await messageOf('redis: { password: *hunter2 }')).toMatchInlineSnapshot(
      `"loom.config.yaml:1:21 is not valid YAML: unidentified alias."`,
    );
    expect(await messageOf('redis: { password: !hunter2 x }')).toMatchInlineSnapshot(
      `"loom.config.yaml:1:20 is not valid YAML: unknown scalar tag."`,
    );
    expect(await messageOf('a: 1\n---\nb: 2\n')).toMatchInlineSnapshot(
      `"loom.config.yaml is not valid YAML: the file holds more than one document."`,
    );
    expect(await messageOf('a: "unfinished')).toMatchInlineSnapshot(
      `"loom.config.yaml:1:15 is not valid YAML: unexpected end of the stream within a double quoted scalar."`,
    );
    expect(await messageOf('\tredis: x')).toMatchInlineSnapshot(
      `"loom.config.yaml:1:7 is not valid YAML: end of the stream or a document separator is expected."`,
    );
    expect(await messageOf('['.repeat(50))).toMatchInlineSnapshot(
      `"loom.config.yaml:1:20 is not valid YAML: nesting exceeded maxDepth (20)."`,
    );
  });

  test('YAML that is more than data', async () => {
    expect(await messageOf('? [a]\n: b\n')).toMatchInlineSnapshot(
      `"loom.config.yaml:1:1 is not valid YAML: object-based map does not support complex keys."`,
    );
    expect(await messageOf('a: !!js/function "x"')).toMatchInlineSnapshot(
      `"loom.config.yaml:1:4 is not valid YAML: unknown scalar tag."`,
    );
  });

  test('JSON', async () => {
    const json = (text: string) => messageOf(text, { name: 'loom.config.json' });
    expect(await json('{\n  "worker": { "name": "a" "concurrency": 1 }\n}')).toMatchInlineSnapshot(
      `"loom.config.json:2:27 is not valid JSON: missed comma between flow collection entries."`,
    );
    expect(await json('{ "worker": { "name": "a", } }')).toMatchInlineSnapshot(
      `"loom.config.json is not valid JSON: comments, single quotes, bare words and trailing commas are for YAML."`,
    );
    expect(await json('')).toMatchInlineSnapshot(`"loom.config.json is not valid JSON: the file is empty."`);
    expect(await json('{"worker":{},"worker":{}}')).toMatchInlineSnapshot(
      `"loom.config.json:1:15 is not valid JSON: duplicated mapping key."`,
    );
  });

  test('JavaScript', async () => {
    const js = (text: string) => messageOf(text, { name: 'loom.config.mjs' });
    expect(await js('export const config = {}')).toMatchInlineSnapshot(
      `"loom.config.mjs has no default export. Write: export default defineConfig({ … })"`,
    );
    expect(await js('throw new Error("The vault is closed.")')).toMatchInlineSnapshot(
      `"loom.config.mjs could not be imported: The vault is closed."`,
    );
    expect(await js('throw "text"')).toMatchInlineSnapshot(`"loom.config.mjs could not be imported: text"`);
  });

  test('TypeScript, on a Node that does not import it', () => {
    const cause = Object.assign(new TypeError('Unknown file extension ".ts"'), {
      code: 'ERR_UNKNOWN_FILE_EXTENSION',
    });
    const { message } = explainImportFailure('/app/loom.config.ts', cause, '/app');
    expect(message.replace(process.version, 'v20.19.0')).toMatchInlineSnapshot(
      `"loom.config.ts is TypeScript, which Node v20.19.0 does not import by itself. Use Node 22.18 or newer, or start with a loader (node --import tsx …), or write loom.config.mjs or loom.config.yaml."`,
    );
  });
});

test('everything that is wrong is told at once, each with its place', async () => {
  const error = await messageOf('redis: { host: h, port: 0 }\nworker:\n  conurrency: 1\n', {
    env: { LOOM_LIMITS__MAX_PAYLOAD_BYTES: 'huge', LOOM_WORKER__NAM: 'x', LOOM_PROFILE: 'test' },
    overrides: { observability: { tracing: 'no' as unknown as boolean } },
  });
  expect(error).toMatchInlineSnapshot(`
    "The configuration has 6 problems:
    - redis.port (loom.config.yaml:1) is 0. Give a whole number from 1 to 65535.
    - worker.conurrency (loom.config.yaml:3) is not a setting. Did you mean worker.concurrency?
    - limits.maxPayloadBytes (LOOM_LIMITS__MAX_PAYLOAD_BYTES) is "huge". Give a whole number from 1 to 536870912.
    - observability.tracing (code) is "no". Give true or false.
    - The environment variable LOOM_WORKER__NAM is not a setting. Did you mean LOOM_WORKER__NAME?
    - Profile "test" (LOOM_PROFILE) is not defined. Define it under "profiles" in a configuration file."
  `);
});

test('problems are data as well', async () => {
  using folder = new TempFolder({ 'loom.config.yaml': 'worker:\n  nam: x\n' });
  const error = await failureOf(loadConfig({ cwd: folder.path, env: {} }));
  expect(error.code).toBe('LOOM_INVALID_CONFIG');
  expect(error.details).toEqual({
    problems: [
      {
        kind: 'unknown-setting',
        path: 'worker.nam',
        origin: { layer: 'file', file: `${folder.path}/loom.config.yaml`, line: 2 },
        message: 'worker.nam (loom.config.yaml:2) is not a setting. Did you mean worker.name?',
      },
    ],
  });
});
