import { expect, test } from 'vitest';
import { formatExplanation, loadConfig, resolveConfig } from '../src/index.js';
import { failureOf } from './support/failure-of.js';
import { TempFolder } from './support/temp-folder.js';

test('the same configuration given through five layers explains itself', async () => {
  using folder = new TempFolder({
    'redis-password': 'from-a-file\n',
    'loom.config.yaml': `# yaml-language-server: $schema=./node_modules/@certoai/loom-config/config.schema.json
redis:
  host: localhost
  password: file:redis-password
worker:
  name: one
  concurrency: 10
limits: { maxTasksPerStage: 5 }
profiles:
  production:
    redis: rediss://prod.internal
    worker:
      concurrency: 20
`,
  });
  const config = await loadConfig({
    cwd: folder.path,
    env: {
      LOOM_PROFILE: 'production',
      REDIS_URL: 'redis://:from-a-url@cache:6380/3',
      LOOM_WORKER__CONCURRENCY: '30',
      LOOM_COSMOS__KEY: 'env:THE_KEY',
      THE_KEY: 'from-a-variable',
    },
    overrides: { worker: { concurrency: 40 }, observability: { tracing: true } },
  });
  expect(`\n${formatExplanation(config.explain())}\n`).toMatchInlineSnapshot(`
    "
    setting                    value       from                             instead of
    redis.host                 "cache"     REDIS_URL                        [redacted] (profile production (loom.config.yaml:11)), "localhost" (loom.config.yaml:3)
    redis.port                 6380        REDIS_URL                        6379 (default)
    redis.password             [redacted]  REDIS_URL                        [redacted] (loom.config.yaml:4)
    redis.db                   3           REDIS_URL                        0 (default)
    redis.tls                  false       REDIS_URL                        false (default)
    cosmos.key                 [redacted]  env:THE_KEY in LOOM_COSMOS__KEY
    cosmos.database            "loom"      default
    limits.maxPayloadBytes     16777216    default
    limits.inlinePayloadBytes  262144      default
    limits.maxTasksPerStage    5           loom.config.yaml:8               100000 (default)
    worker.name                "one"       loom.config.yaml:6
    worker.concurrency         40          code                             30 (LOOM_WORKER__CONCURRENCY), 20 (profile production (loom.config.yaml:13)), 10 (loom.config.yaml:7), 100 (default)
    worker.leaseMs             4000        default
    observability.tracing      true        code                             false (default)
    observability.metrics      false       default
    "
  `);
  expect(config.redis).toEqual({ host: 'cache', port: 6380, tls: false, db: 3, password: 'from-a-url' });
  expect(config.cosmos?.key).toBe('from-a-variable');
  expect(config.explain().find(({ path }) => path === 'worker.concurrency')).toEqual({
    path: 'worker.concurrency',
    value: 40,
    from: 'code',
    origin: { layer: 'code' },
    overrode: [
      {
        value: 30,
        from: 'LOOM_WORKER__CONCURRENCY',
        origin: { layer: 'environment', variable: 'LOOM_WORKER__CONCURRENCY' },
      },
      {
        value: 20,
        from: 'profile production (loom.config.yaml:13)',
        origin: {
          layer: 'profile',
          profile: 'production',
          file: `${folder.path}/loom.config.yaml`,
          line: 13,
        },
      },
      {
        value: 10,
        from: 'loom.config.yaml:7',
        origin: { layer: 'file', file: `${folder.path}/loom.config.yaml`, line: 7 },
      },
      { value: 100, from: 'default', origin: { layer: 'default' } },
    ],
  });
});

test('lines are right for JSON, anchors, flow style and line breaks of every kind', async () => {
  const lines = async (name: string, text: string) => {
    using folder = new TempFolder({ [name]: text });
    const config = await loadConfig({ cwd: folder.path, env: {} });
    return config.explain().flatMap(({ path, from }) => (from === 'default' ? [] : [`${path} ${from}`]));
  };
  expect(
    await lines('loom.config.json', '{\r\n\t"worker": {\r\n\t\t"name": "\\u0061b\\ud83d\\ude00"\r\n\t}\r\n}'),
  ).toEqual(['worker.name loom.config.json:3']);
  expect(await lines('loom.config.yaml', '\uFEFF# x\nworker: {\n  name: w,\n  concurrency: 1 }\n')).toEqual([
    'worker.name loom.config.yaml:3',
    'worker.concurrency loom.config.yaml:4',
  ]);
  const anchored = 'profiles:\n  a: &a\n    worker: { name: w }\n  b: *a\nworker: &w\n  name: x\n';
  expect(await lines('loom.config.yaml', anchored)).toEqual(['worker.name loom.config.yaml:6']);
});

test('a key that is an alias does not shift the lines after it', async () => {
  using folder = new TempFolder({
    'loom.config.yaml': 'a: &k b\n*k : c\nworker:\n  nam: z\n',
  });
  const { message } = await failureOf(loadConfig({ cwd: folder.path, env: {} }));
  expect(message).toContain('worker.nam (loom.config.yaml:4)');
});

test('a file above the current folder is shown in full', async () => {
  using folder = new TempFolder({ 'loom.config.yaml': 'worker: { name: w }', 'below/x': '' });
  const config = await loadConfig({ cwd: `${folder.path}/below`, env: {} });
  expect(config.explain().find(({ path }) => path === 'worker.name')?.from).toBe(
    `${folder.path}/loom.config.yaml:1`,
  );
});

test('resolveConfig fills defaults, applies a profile of the object, and keeps what is loaded already', async () => {
  const given = { worker: { name: 'a' }, profiles: { test: { worker: { name: 'b' } } } };
  const resolved = await resolveConfig(given, { profile: 'test' });
  expect(resolved.worker).toEqual({ name: 'b', concurrency: 100, leaseMs: 4_000 });
  expect(resolved.explain().map(({ from }) => from)).toContain('profile test (code)');
  expect(await resolveConfig(resolved)).toBe(resolved);
  expect((await resolveConfig({ ...resolved, redis: 'redis://h' })).redis?.host).toBe('h');
  expect(formatExplanation([])).toBe('setting  value  from  instead of');
});
