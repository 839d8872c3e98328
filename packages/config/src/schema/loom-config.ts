// Made by scripts/write-schema.mjs from config-schema.ts: change that one.

/** The embedded store: no server, one process or several on one machine. */
export interface EmbeddedSettings {
  /**
   * Folder of the embedded store, relative to the configuration file. Without it the store is in memory
   * and ends with the process.
   */
  readonly path?: string | undefined;
  /**
   * What a commit waits for. `full` survives a power loss; `normal` survives a crash of the process and
   * is faster. @default full
   */
  readonly sync?: 'full' | 'normal' | undefined;
  /** Size at which the embedded store refuses new work. Bytes. */
  readonly maxBytes?: number | undefined;
}

/** Redis carries the work and holds the state of executions. */
export interface RedisSettings {
  /**
   * Address as `redis://user:password@host:port/db`, or `rediss://` for TLS. Instead of `host` and
   * `port`.
   */
  readonly url?: string | undefined;
  /** Host name or IP address. */
  readonly host?: string | undefined;
  /** Port. @default 6379 */
  readonly port?: number | undefined;
  /** ACL user. */
  readonly username?: string | undefined;
  /** Password. */
  readonly password?: string | undefined;
  /** Database number. @default 0 */
  readonly db?: number | undefined;
  /** Connect with TLS. @default false */
  readonly tls?: boolean | undefined;
  /** Prefix of every key, to share one Redis between applications. */
  readonly keyPrefix?: string | undefined;
}

/** Azure Cosmos DB holds traces and the actor registry. */
export interface CosmosSettings {
  /** Account address, such as `https://example.documents.azure.com`. */
  readonly endpoint?: string | undefined;
  /** Account key. Without it Loom signs in with a managed identity. */
  readonly key?: string | undefined;
  /** Database name. @default loom */
  readonly database?: string | undefined;
}

/** What is refused because it is too large. */
export interface LimitsSettings {
  /** Largest input, output or signal. Bytes of JSON. @default 16777216 */
  readonly maxPayloadBytes?: number | undefined;
  /** Larger payloads travel by reference through Redis. Bytes of JSON. @default 262144 */
  readonly inlinePayloadBytes?: number | undefined;
  /** Most tasks one stage may fan out to. Count. @default 100000 */
  readonly maxTasksPerStage?: number | undefined;
}

/** How long finished executions are kept. */
export interface RetentionSettings {
  /** How long a completed execution is kept. Milliseconds; 0 removes it at once. */
  readonly completedMs?: number | undefined;
  /** How long a failed or cancelled execution is kept. Milliseconds; 0 removes it at once. */
  readonly failedMs?: number | undefined;
  /** Size of finished executions from which the oldest are removed early. Bytes. */
  readonly maxBytes?: number | undefined;
}

/** The worker of this process. */
export interface WorkerSettings {
  /** Name of this worker in traces and in the registry. */
  readonly name?: string | undefined;
  /** What sets this worker apart, for stages that ask for it: `zone=west,gpu=a100`. */
  readonly labels?: string | undefined;
  /** Tasks this worker runs at the same time. Count. @default 100 */
  readonly concurrency?: number | undefined;
  /**
   * On Redis: how long this process may be blocked or cut off before others take over its work.
   * Milliseconds. @default 4000
   */
  readonly leaseMs?: number | undefined;
}

/** What Loom records about itself. */
export interface ObservabilitySettings {
  /**
   * Record execution traces, for `loom.tracer()`: beside the embedded store, else in memory. With
   * `cosmos` they are recorded there anyway. @default false
   */
  readonly tracing?: boolean | undefined;
  /** Measure what executions do, for `loom.metrics()`. @default false */
  readonly metrics?: boolean | undefined;
}

/** What Loom can be told. Every setting is optional. */
export interface LoomSettings {
  /** The embedded store: no server, one process or several on one machine. */
  readonly embedded?: EmbeddedSettings | undefined;
  /** Redis carries the work and holds the state of executions. */
  readonly redis?: string | RedisSettings | undefined;
  /** Azure Cosmos DB holds traces and the actor registry. */
  readonly cosmos?: CosmosSettings | undefined;
  /** What is refused because it is too large. */
  readonly limits?: LimitsSettings | undefined;
  /** How long finished executions are kept. */
  readonly retention?: RetentionSettings | undefined;
  /** The worker of this process. */
  readonly worker?: WorkerSettings | undefined;
  /** What Loom records about itself. */
  readonly observability?: ObservabilitySettings | undefined;
}

/** A configuration: settings, and profiles that change some of them. */
export interface LoomConfig extends LoomSettings {
  /** For editors: the address of this schema. Loom does not read it. */
  readonly $schema?: string | undefined;
  /** Settings by profile name, applied over the others when a profile is chosen. */
  readonly profiles?: Readonly<Record<string, LoomSettings>> | undefined;
}
