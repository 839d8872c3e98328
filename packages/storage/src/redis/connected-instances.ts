import { LoomError } from '@certoai/loom-core';
import type {
  ActorInstance,
  InstanceChange,
  InstanceListOptions,
  InstanceRegistry,
  InstanceUpdate,
  InstanceWatchOptions,
  Logger,
} from '@certoai/loom-core';
import { withHashTag } from '../bullmq/bullmq-message-queue-options.js';
import { runScript } from '../bullmq/queue-scripts.js';
import type { QueueScript } from '../bullmq/queue-scripts.js';
import type { OpenRedisClient } from '../bullmq/redis-client.js';
import { translateRedisError } from '../bullmq/redis-error.js';
import { checkInstance, checkInstanceId, checkLeaseMs, checkUpdate } from '../internal/instance-input.js';
import { InstanceMirror } from './instance-mirror.js';
import type { InstanceSnapshot } from './instance-mirror.js';
import { deregisterScript, heartbeatScript, listScript, registerScript } from './instance-scripts.js';
import { instanceOf, instanceText } from './instance-text.js';

export interface ConnectedInstancesOptions {
  readonly prefix: string;
  /** @default 15_000 */
  readonly leaseMs?: number | undefined;
  readonly logger: Logger;
  readonly connect: () => Promise<OpenRedisClient>;
  /** For the connection that listens to changes. */
  readonly open: () => Promise<OpenRedisClient>;
  readonly release: (client: OpenRedisClient) => void;
  readonly onClosed?: (() => Promise<void>) | undefined;
}

/** {@link InstanceRegistry} on connections that somebody else has. Every call is one script. */
export class ConnectedInstances implements InstanceRegistry {
  readonly leaseMs: number;
  readonly #options: ConnectedInstancesOptions;
  readonly #keys: readonly string[];
  readonly #channel: string;
  readonly #mirror: InstanceMirror;
  #closing: Promise<void> | undefined;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor(options: ConnectedInstancesOptions) {
    const { prefix, leaseMs = 15_000, logger, open, release } = options;
    this.leaseMs = checkLeaseMs(leaseMs);
    this.#options = options;
    // A dot, as keys of queues go on with a colon there.
    const start = `${withHashTag(prefix)}.instances`;
    this.#keys = [start, `${start}.leases`, `${start}.types`];
    this.#channel = `${start}.changes`;
    this.#mirror = new InstanceMirror({
      channel: this.#channel,
      lookMs: this.leaseMs,
      open,
      release,
      read: () => this.#list(),
      onError: (error) =>
        logger.warn('Redis refused a look at the live instances; it is repeated', { error }),
    });
  }

  async register(instance: ActorInstance): Promise<{ readonly replaced: boolean }> {
    this.#checkOpen();
    const checked = checkInstance(instance);
    const args = [checked.id, instanceText(checked)];
    return { replaced: (await this.#run(registerScript, args, 'register an instance')) === 1 };
  }

  async heartbeat(id: string, update: InstanceUpdate = {}): Promise<{ readonly known: boolean }> {
    this.#checkOpen();
    checkInstanceId(id);
    checkUpdate(update);
    const { status = '', slots } = update;
    const args = [id, status, slots?.used ?? '', slots?.total ?? ''];
    return { known: (await this.#run(heartbeatScript, args, 'take a heartbeat')) === 1 };
  }

  async deregister(id: string): Promise<{ readonly known: boolean }> {
    this.#checkOpen();
    checkInstanceId(id);
    return { known: (await this.#run(deregisterScript, [id], 'deregister an instance')) === 1 };
  }

  async list({ actorType }: InstanceListOptions = {}): Promise<readonly ActorInstance[]> {
    this.#checkOpen();
    const [, ...texts] = await this.#list(actorType);
    return texts
      .map((text) => instanceOf(text))
      .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  }

  async watch(
    listener: (change: InstanceChange) => void,
    { signal }: InstanceWatchOptions = {},
  ): Promise<() => void> {
    this.#checkOpen();
    signal?.throwIfAborted();
    const endWatch = await translated('watch instances', () => this.#mirror.watch(listener));
    const end = (): void => {
      endWatch();
      signal?.removeEventListener('abort', end);
    };
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted || this.#closing) {
      end();
      signal?.throwIfAborted();
      this.#checkOpen();
    }
    return end;
  }

  close(): Promise<void> {
    this.#mirror.close();
    return (this.#closing ??= Promise.resolve().then(() => this.#options.onClosed?.()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #list(actorType?: string): Promise<InstanceSnapshot> {
    const args = actorType === undefined ? [] : [actorType];
    return (await this.#run(listScript, args, 'list instances')) as InstanceSnapshot;
  }

  async #run(script: QueueScript, args: readonly (string | number)[], doing: string): Promise<unknown> {
    this.#checkOpen();
    return translated(doing, async () => {
      const client = await this.#options.connect();
      return runScript(client, script, [...this.#keys, this.#channel, this.leaseMs, ...args]);
    });
  }

  #checkOpen(): void {
    if (this.#closing) throw new LoomError('LOOM_CLOSED', 'The instance registry is closed.');
  }
}

async function translated<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateRedisError(error, doing);
  }
}
