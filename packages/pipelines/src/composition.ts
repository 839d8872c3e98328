import {
  LoomError,
  type Clock,
  type ExecutionStore,
  type Logger,
  type MessageQueue,
  type ReleaseStack,
} from '@certoai/loom-core';
import type { LoomConfig } from '@certoai/loom-config';
import type { RedisFinding } from '@certoai/loom-storage';
import type { ClaimCheckedExecutionStore, ClaimCheckedMessageQueue } from '@certoai/loom-storage/blobs';

/** Where executions live and how tasks travel, opened as a configuration says. */
export interface Backend {
  readonly store: ExecutionStore;
  /** Absent: everything happens in this process. */
  readonly queue: MessageQueue | undefined;
  /** The queue for messages that are no tasks, opened when first asked for. */
  readonly messages: () => MessageQueue;
  /** What endangers work in the settings of a server, as it was seen when it was connected to. Absent without one. */
  readonly serverFindings?: () => readonly RedisFinding[];
}

export interface BackendOptions {
  readonly config: Pick<LoomConfig, 'embedded' | 'redis' | 'limits'>;
  readonly clock: Clock | undefined;
  readonly logger: Logger;
  /** Gets a release for everything that was opened. */
  readonly releases: ReleaseStack;
}

/**
 * The one place that names concrete stores and queues. Each is loaded when it is asked for.
 * @throws LoomError `LOOM_INVALID_CONFIG`, and what opening rejects with
 */
export async function openBackend(options: BackendOptions): Promise<Backend> {
  const { embedded, redis } = options.config;
  checkOnePlace(options.config);
  if (redis !== undefined) return openRedis(options, redis);
  return embedded?.path === undefined ? openMemory(options) : openFolder(options, embedded.path);
}

/** @throws LoomError `LOOM_INVALID_CONFIG` */
export function checkOnePlace({ embedded, redis }: Pick<LoomConfig, 'embedded' | 'redis'>): void {
  if (redis === undefined || embedded?.path === undefined) return;
  const message =
    'Both "redis" and "embedded.path" are given, and executions live in one place. Remove one of the two.';
  throw new LoomError('LOOM_INVALID_CONFIG', message, { blocks: ['redis', 'embedded'] });
}

async function openMemory({ clock, logger, releases }: BackendOptions): Promise<Backend> {
  const { InMemoryExecutionStore, InMemoryMessageQueue } = await import('@certoai/loom-storage/memory');
  logger.info('Loom keeps its state in memory; set embedded.path to survive a restart');
  const store = new InMemoryExecutionStore({ clock });
  releases.add('execution store', () => store.close());
  let messages: MessageQueue | undefined;
  releases.add('messages', () => messages?.close());
  return {
    store,
    queue: undefined,
    messages: () => (messages ??= new InMemoryMessageQueue({ clock })),
  };
}

async function openFolder(
  { config, clock, logger, releases }: BackendOptions,
  path: string,
): Promise<Backend> {
  const { openEmbeddedStore } = await import('@certoai/loom-storage/embedded');
  const { sync, maxBytes } = config.embedded ?? {};
  const store = await openEmbeddedStore({ path, sync, maxBytes, clock, logger });
  releases.add('embedded store', () => store.close());
  return { store: store.executions, queue: undefined, messages: () => store.messages };
}

async function openRedis(
  { config, logger, releases }: BackendOptions,
  redis: NonNullable<LoomConfig['redis']>,
): Promise<Backend> {
  const [{ BullMQMessageQueue }, { RedisExecutionStore }, blobStores] = await Promise.all([
    import('@certoai/loom-storage/bullmq'),
    import('@certoai/loom-storage/redis'),
    import('@certoai/loom-storage/blobs'),
  ]);
  const connection = typeof redis === 'string' ? redis : connectionOptions(redis);
  const thresholdBytes = config.limits?.inlinePayloadBytes;
  const blobs = new blobStores.RedisBlobStore(connection, { logger });
  releases.add('payloads', () => blobs.close());
  const options = { thresholdBytes, logger };
  const executions = new RedisExecutionStore(connection, { logger });
  const store = blobStores.claimCheckedExecutions(executions, blobs, options);
  releases.add('execution store', () => store.close());
  const messages = new BullMQMessageQueue(connection, { logger });
  const queue = blobStores.claimCheckedQueue(messages, blobs, options);
  releases.add('queue', () => queue.close());
  releases.add('sweep', sweepNowAndThen(store, queue, logger));
  return { store, queue, messages: () => queue, serverFindings: () => messages.serverFindings() };
}

/** Payloads that belong to nothing any more, because a process died in between, go once in six hours. */
function sweepNowAndThen(
  store: ClaimCheckedExecutionStore,
  queue: ClaimCheckedMessageQueue,
  logger: Logger,
): () => void {
  const sweep = async (): Promise<void> => {
    try {
      await store.sweep();
      await queue.sweep({ olderThanMs: messageBlobsMs });
    } catch (error) {
      logger.warn('Payloads that belong to nothing could not be removed', { error });
    }
  };
  const timer = setInterval(() => void sweep(), sweepEveryMs).unref();
  return () => clearInterval(timer);
}

const sweepEveryMs = 6 * 3_600_000;
/** Longer than a message waits, is delayed, or stays a dead letter before somebody looks. */
const messageBlobsMs = 30 * 24 * 3_600_000;

/** As ioredis takes them. */
export function connectionOptions({
  tls,
  url,
  ...rest
}: Exclude<LoomConfig['redis'], string | undefined>): object | string {
  if (url !== undefined) return url;
  return { ...rest, ...(tls === true && { tls: {} }) };
}
