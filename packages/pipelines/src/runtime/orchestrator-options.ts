import {
  createIdSource,
  LoomError,
  silentLogger,
  systemClock,
  type ActorWorker,
  type Clock,
  type ExecutionStore,
  type IdSource,
  type InstanceRegistry,
  type Logger,
  type MessageQueue,
  type Random,
} from '@certoai/loom-core';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import type { RetentionOptions } from './retention.js';
import type { LayeredValues } from './take-config.js';

export interface OrchestratorOptions {
  readonly clock?: Clock | undefined;
  readonly ids?: IdSource | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** Runs the tasks of this process. @default a worker on the given registry */
  readonly worker?: ActorWorker | undefined;
  /** Largest input or output; bytes of JSON, 1 or more. @default 16_777_216 (16 MiB) */
  readonly maxPayloadBytes?: number | undefined;
  /** A task whose process died more often than this while it may have run fails; 1 or more. @default 50 */
  readonly maxCrashes?: number | undefined;
  /** A stage that fans out to more fails; 1 or more. @default 100_000 */
  readonly maxTasksPerStage?: number | undefined;
  readonly retention?: RetentionOptions | undefined;
  /** What expressions see as `config`: a `LayeredConfig`, say. Executions that begin here take their values from it. */
  readonly layered?: LayeredValues | undefined;
  /**
   * On a store that is shared: how long this process may be blocked or cut off before others take over its
   * executions; milliseconds, 100 or more. They do so within nine eighths of it. @default 4_000
   */
  readonly leaseMs?: number | undefined;
  /** Gives, when first needed, the queue for messages of `notify`. @default the queue for tasks */
  readonly messages?: (() => MessageQueue) | undefined;
  /** Where live workers of other processes are known. @default that of the queue, if it has one */
  readonly instances?: InstanceRegistry | undefined;
}

/** The options with their defaults. @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveOrchestratorOptions(options: OrchestratorOptions) {
  const { clock = systemClock, random = Math.random, logger = silentLogger } = options;
  const { ids = createIdSource({ clock }), leaseMs = 4_000, layered } = options;
  const { maxPayloadBytes = 16_777_216, maxCrashes = 50, maxTasksPerStage = 100_000 } = options;
  checkCount('maxPayloadBytes', maxPayloadBytes);
  checkCount('maxCrashes', maxCrashes);
  checkCount('maxTasksPerStage', maxTasksPerStage);
  checkCount('leaseMs', leaseMs, 100);
  checkLayered(layered);
  const { worker, retention, messages, instances } = options;
  const given = { worker, retention, messages, instances, layered };
  return { ...given, clock, random, logger, ids, leaseMs, maxPayloadBytes, maxCrashes, maxTasksPerStage };
}

/** As much of an ioredis client as tells it from a store. */
export interface RedisClientLike {
  readonly status: string;
  duplicate(...overrides: never[]): unknown;
}

/** A store that was given is its giver's to close. */
export function openExecutionStore(
  store: ExecutionStore | RedisClientLike | undefined,
  logger: Logger,
): { readonly store: ExecutionStore; readonly isOwn: boolean } {
  if (store === undefined) return { store: new InMemoryExecutionStore(), isOwn: true };
  if ('commit' in store) return { store, isOwn: false };
  return { store: new RedisExecutionStore(store, { logger }), isOwn: true };
}

function checkLayered(layered: LayeredValues | undefined): void {
  if (layered === undefined || typeof layered?.get === 'function') return;
  const message = `layered is ${layered === null ? 'null' : `a ${typeof layered}`} without get(scope); give a LayeredConfig.`;
  throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'layered' });
}

function checkCount(option: string, value: number, min = 1): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new LoomError('LOOM_INVALID_OPTION', `${option} is ${value}; give a whole number, ${min} or more.`, {
    option,
  });
}
