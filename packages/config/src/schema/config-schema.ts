import type * as zod from 'zod';

/** A backend is chosen by the presence of its block, so its defaults apply only when the block is there. */
export const backendBlocks: readonly string[] = ['embedded', 'redis', 'cosmos'];

/** The largest string Redis holds, and so the largest payload that can be stored anywhere. */
const redisStringBytes = 512 * 1024 * 1024;

/**
 * The one source of the types, the checks, the JSON Schema, the environment names and the table of settings.
 *
 * It checks and fills nothing in: a default is written in `meta` and applied when layers are settled, so that
 * it has an origin like any other value. `writeOnly` marks a secret: never shown, and given by reference if
 * one likes. `zod` is passed in because it takes longer to load than everything else here together.
 */
export function buildConfigSchema(z: typeof zod) {
  const setting = <Type extends zod.ZodType>(
    type: Type,
    description: string,
    meta?: { readonly default?: string | number | boolean; readonly writeOnly?: true },
  ): zod.ZodOptional<Type> => type.meta({ description, ...meta }).optional();
  const whole = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) => z.int().min(minimum).max(maximum);
  const text = () => z.string().min(1);

  const redisUrl = setting(
    text(),
    'Address as `redis://user:password@host:port/db`, or `rediss://` for TLS. Instead of `host` and `port`.',
    { writeOnly: true },
  );
  const redis = z
    .strictObject({
      url: redisUrl,
      host: setting(text(), 'Host name or IP address.'),
      port: setting(whole(1, 65_535), 'Port.', { default: 6379 }),
      username: setting(text(), 'ACL user.'),
      password: setting(text(), 'Password.', { writeOnly: true }),
      db: setting(whole(0, 65_535), 'Database number.', { default: 0 }),
      tls: setting(z.boolean(), 'Connect with TLS.', { default: false }),
      keyPrefix: setting(text(), 'Prefix of every key, to share one Redis between applications.'),
    })
    .refine(({ url, host, port }) => url === undefined || (host === undefined && port === undefined), {
      error: 'has a url beside host or port. Keep one.',
    });

  const blocks = {
    embedded: setting(
      z.strictObject({
        path: setting(
          text(),
          'Folder of the embedded store, relative to the configuration file. Without it the store is in memory and ends with the process.',
        ),
        sync: setting(
          z.enum(['full', 'normal']),
          'What a commit waits for. `full` survives a power loss; `normal` survives a crash of the process and is faster.',
          { default: 'full' },
        ),
        maxBytes: setting(whole(1), 'Size at which the embedded store refuses new work. Bytes.'),
      }),
      'The embedded store: no server, one process or several on one machine.',
    ),
    redis: setting(
      z.union([redisUrl.unwrap(), redis]),
      'Redis carries the work and holds the state of executions.',
    ),
    cosmos: setting(
      z.strictObject({
        endpoint: setting(
          z.url({ protocol: /^https?$/ }),
          'Account address, such as `https://example.documents.azure.com`.',
        ),
        key: setting(text(), 'Account key. Without it Loom signs in with a managed identity.', {
          writeOnly: true,
        }),
        database: setting(text(), 'Database name.', { default: 'loom' }),
      }),
      'Azure Cosmos DB holds traces and the actor registry.',
    ),
    limits: setting(
      z.strictObject({
        maxPayloadBytes: setting(
          whole(1, redisStringBytes),
          'Largest input, output or signal. Bytes of JSON.',
          { default: 16 * 1024 * 1024 },
        ),
        inlinePayloadBytes: setting(
          whole(1, redisStringBytes),
          'Larger payloads travel by reference through Redis. Bytes of JSON.',
          { default: 256 * 1024 },
        ),
        maxTasksPerStage: setting(whole(1, 10_000_000), 'Most tasks one stage may fan out to. Count.', {
          default: 100_000,
        }),
      }),
      'What is refused because it is too large.',
    ),
    retention: setting(
      z.strictObject({
        completedMs: setting(
          whole(0),
          'How long a completed execution is kept. Milliseconds; 0 removes it at once.',
        ),
        failedMs: setting(
          whole(0),
          'How long a failed or cancelled execution is kept. Milliseconds; 0 removes it at once.',
        ),
        maxBytes: setting(
          whole(1),
          'Size of finished executions from which the oldest are removed early. Bytes.',
        ),
      }),
      'How long finished executions are kept.',
    ),
    worker: setting(
      z.strictObject({
        name: setting(text().max(128), 'Name of this worker in traces and in the registry.'),
        labels: setting(
          text().regex(/^[^=,]+=[^=,]+(,[^=,]+=[^=,]+)*$/, {
            error: 'is not a list of labels. Give name=value, more of them after commas.',
          }),
          'What sets this worker apart, for stages that ask for it: `zone=west,gpu=a100`.',
        ),
        concurrency: setting(whole(1, 100_000), 'Tasks this worker runs at the same time. Count.', {
          default: 100,
        }),
        leaseMs: setting(
          whole(100, 43_200_000),
          'On Redis: how long this process may be blocked or cut off before others take over its work. Milliseconds.',
          { default: 4_000 },
        ),
      }),
      'The worker of this process.',
    ),
    observability: setting(
      z.strictObject({
        tracing: setting(
          z.boolean(),
          'Record execution traces, for `loom.tracer()`: beside the embedded store, else in memory. With `cosmos` they are recorded there anyway.',
          { default: false },
        ),
        metrics: setting(z.boolean(), 'Measure what executions do, for `loom.metrics()`.', {
          default: false,
        }),
      }),
      'What Loom records about itself.',
    ),
  };
  const profiles = setting(
    z.record(z.string(), z.strictObject(blocks)),
    'Settings by profile name, applied over the others when a profile is chosen.',
  );
  const $schema = setting(z.string(), 'For editors: the address of this schema. Loom does not read it.');
  return z.strictObject({ $schema, ...blocks, profiles }).meta({ title: 'Loom configuration' });
}

/** The zod type of {@link buildConfigSchema}. */
export type ConfigZodSchema = ReturnType<typeof buildConfigSchema>;
