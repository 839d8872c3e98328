import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isConfigError, loadConfig } from '../src/index.js';
import { failureOf } from './support/failure-of.js';
import { compileInto, runInDeletedFolder } from './support/plain-node.js';
import { TempFolder } from './support/temp-folder.js';

const env = {};

describe('finding the file', () => {
  const contents = {
    'loom.config.mjs': 'export default { worker: { concurrency: 7 } }',
    'loom.config.js': 'export default { worker: { concurrency: 7 } }',
    'loom.config.yaml': 'worker: { concurrency: 7 }',
    'loom.config.yml': 'worker:\n  concurrency: 7\n',
    'loom.config.json': '{ "$schema": "x", "worker": { "concurrency": 7 } }',
    'loom.config.ts': 'const concurrency: number = 7; export default { worker: { concurrency } }',
    'loom.config.mts': 'const concurrency: number = 7; export default { worker: { concurrency } }',
  };
  test.each(Object.entries(contents))('%s is found from a folder below it', async (name, text) => {
    using folder = new TempFolder({
      [name]: text,
      'package.json': '{ "type": "module" }',
      'deep/down/x': '',
    });
    const config = await loadConfig({ cwd: join(folder.path, 'deep/down'), env });
    expect(config.worker.concurrency).toBe(7);
  });

  test('the closest folder wins', async () => {
    using folder = new TempFolder({
      'loom.config.yaml': 'worker: { name: far }',
      'near/loom.config.json': '{"worker":{"name":"near"}}',
      'near/here/x': '',
    });
    const config = await loadConfig({ cwd: join(folder.path, 'near/here'), env });
    expect(config.worker.name).toBe('near');
  });

  test('no file is fine: defaults apply', async () => {
    using folder = new TempFolder();
    expect(await loadConfig({ cwd: folder.path, env })).toEqual({
      limits: {
        maxPayloadBytes: 16 * 1024 * 1024,
        inlinePayloadBytes: 256 * 1024,
        maxTasksPerStage: 100_000,
      },
      retention: {},
      worker: { concurrency: 100, leaseMs: 4_000 },
      observability: { tracing: false, metrics: false },
    });
  });

  test('two files in one folder are not chosen between', async () => {
    using folder = new TempFolder({ 'loom.config.yaml': '', 'loom.config.json': '{}' });
    const error = await failureOf(loadConfig({ cwd: folder.path, env }));
    expect(error.message.replaceAll(`${folder.path}/`, '/app/')).toMatchInlineSnapshot(
      `"/app/loom.config.yaml and /app/loom.config.json are both there. Keep one, or name the one to read: loadConfig(path)."`,
    );
  });

  test('a folder that is not there counts as one without a file', async () => {
    expect((await loadConfig({ cwd: '/no/such/folder', env })).worker.concurrency).toBe(100);
  });

  test('a folder called like a configuration file is none', async () => {
    using folder = new TempFolder({ 'loom.config.yaml/inside': '' });
    expect((await loadConfig({ cwd: folder.path, env })).worker.concurrency).toBe(100);
  });
});

describe('a file that is named', () => {
  test('is read whatever it is called, by a relative path, an absolute one or a URL', async () => {
    using folder = new TempFolder({
      'etc/prod.yml': 'worker: { name: prod }',
      'loom.config.yaml': 'worker: { name: no }',
    });
    const file = join(folder.path, 'etc/prod.yml');
    for (const path of ['etc/prod.yml', file, pathToFileURL(file)]) {
      expect((await loadConfig(path, { cwd: folder.path, env })).worker.name).toBe('prod');
    }
  });

  test('must exist', async () => {
    using folder = new TempFolder();
    const error = await failureOf(loadConfig('loom.prod.yaml', { cwd: folder.path, env }));
    expect(isConfigError(error, 'LOOM_NOT_FOUND')).toBe(true);
    expect(error.message).toMatchInlineSnapshot(
      `"loom.prod.yaml does not exist. Correct the path, or leave it out to search upward from the current folder."`,
    );
    expect(error.details).toEqual({ file: join(folder.path, 'loom.prod.yaml') });
  });

  test('must be a file of a known kind', async () => {
    using folder = new TempFolder({ 'loom.toml': '', 'dir/x': '' });
    const messages = await Promise.all(
      ['loom.toml', 'dir', ''].map(
        async (path) => (await failureOf(loadConfig(path, { cwd: folder.path, env }))).message,
      ),
    );
    expect(messages).toMatchInlineSnapshot(`
      [
        "loom.toml is of no known kind. Give .ts, .mts, .cts, .js, .mjs, .cjs, .yaml, .yml, .json.",
        "dir is not a file. Name the configuration file itself.",
        "loadConfig: path is "". Give a file, as an absolute path when the current folder cannot be read.",
      ]
    `);
  });
});

describe('a configuration in code', () => {
  test('may be a promise, and is read anew when the file changes', async () => {
    using folder = new TempFolder({
      'loom.config.mjs': 'export default Promise.resolve({ worker: { name: "a" } })',
    });
    expect((await loadConfig({ cwd: folder.path, env })).worker.name).toBe('a');
    folder.write('loom.config.mjs', 'export default { worker: { name: "b" } }');
    expect((await loadConfig({ cwd: folder.path, env })).worker.name).toBe('b');
  });

  test('is not changed or frozen', async () => {
    const overrides = { redis: { host: 'h' }, worker: { name: 'w' } };
    await loadConfig({ cwd: '/', env, overrides });
    expect(overrides).toEqual({ redis: { host: 'h' }, worker: { name: 'w' } });
    expect(Object.isFrozen(overrides.redis)).toBe(false);
  });
});

describe('precedence', () => {
  const yaml =
    'worker: { name: file, concurrency: 1 }\nprofiles: { production: { worker: { name: profile } } }\n';

  test('defaults < file < profile < environment < overrides', async () => {
    using folder = new TempFolder({ 'loom.config.yaml': yaml });
    const name = async (options: object) =>
      (await loadConfig({ cwd: folder.path, env, ...options })).worker.name;
    expect(await name({})).toBe('file');
    expect(await name({ profile: 'production' })).toBe('profile');
    expect(await name({ env: { LOOM_PROFILE: 'production' } })).toBe('profile');
    expect(await name({ profile: '', env: { LOOM_PROFILE: 'production' } })).toBe('file');
    const variables = { LOOM_PROFILE: 'production', LOOM_WORKER__NAME: 'environment' };
    expect(await name({ env: variables })).toBe('environment');
    expect(await name({ env: variables, overrides: { worker: { name: 'code' } } })).toBe('code');
  });

  test('an explicit undefined and an empty variable give nothing', async () => {
    using folder = new TempFolder({ 'loom.config.yaml': yaml });
    const variables = { LOOM_WORKER__NAME: '', REDIS_URL: '', COSMOS_ENDPOINT: '', LOOM_PROFILE: '' };
    const overrides = { redis: undefined, worker: { name: undefined } };
    const config = await loadConfig({ cwd: folder.path, env: variables, overrides });
    expect(config.worker.name).toBe('file');
    expect('redis' in config || 'cosmos' in config).toBe(false);
  });

  test('a backend block chooses the backend, so its defaults come with it', async () => {
    const config = await loadConfig({
      cwd: '/',
      env: { COSMOS_ENDPOINT: 'https://x.example' },
      overrides: { embedded: {} },
    });
    expect(config.cosmos).toEqual({ endpoint: 'https://x.example', database: 'loom' });
    expect(config.embedded).toEqual({ sync: 'full' });
    expect(config.redis).toBeUndefined();
  });

  test('a path in a file starts from the file, wherever the program runs', async () => {
    using folder = new TempFolder({ 'loom.config.yaml': 'embedded: { path: .loom }', 'deep/x': '' });
    const cwd = join(folder.path, 'deep');
    expect((await loadConfig({ cwd, env })).embedded?.path).toBe(join(folder.path, '.loom'));
    expect((await loadConfig({ cwd, env: { LOOM_EMBEDDED__PATH: 'x' } })).embedded?.path).toBe('x');
  });
});

describe('without a current folder', () => {
  test.skipIf(process.platform === 'win32')(
    'the environment still configures, and a relative path says why it cannot be found',
    () => {
      using folder = new TempFolder();
      compileInto(folder, ['zod']);
      const output = runInDeletedFolder(
        folder,
        `import { loadConfig } from ${JSON.stringify(pathToFileURL(join(folder.path, 'package/index.js')))};
       const config = await loadConfig({ env: { LOOM_WORKER__NAME: 'w' } });
       console.log(config.worker.name);
       await loadConfig('x.yaml').catch((error) => console.log(error.message));
       await loadConfig({ env: { REDIS_URL: 'file:secret' } }).catch((error) => console.log(error.message));`,
      );
      expect(output).toMatchInlineSnapshot(`
      "w
      loadConfig: path is "x.yaml". Give a file, as an absolute path when the current folder cannot be read.
      redis.url (REDIS_URL) refers to the file secret, a relative path from a folder that is unknown. Give an absolute path.
      "
    `);
    },
  );
});
