import { isDeepStrictEqual } from 'node:util';
import { type Clock, type Logger, LoomError, silentLogger, systemClock } from '@certoai/loom-core';
import { wholeNumber } from '../internal/numeric-option.js';
import { type ActorInstance, checkInstance } from './actor-instance.js';
import type { InstanceRegistry } from './instance-registry.js';

export interface InstanceHeartbeatOptions {
  readonly instances: InstanceRegistry;
  /** What the instance is now; asked before each heartbeat. Its id stays the same. */
  readonly describe: () => ActorInstance;
  /** Time between heartbeats. Milliseconds, 1 up to the lease. @default a third of the lease */
  readonly intervalMs?: number | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
  /** Hears of heartbeats that fail; the next one is sent all the same. @default silent */
  readonly logger?: Logger | undefined;
}

/** Keeps one instance registered for as long as it runs, also when the registry has forgotten it. */
export class InstanceHeartbeat implements AsyncDisposable {
  readonly #options: InstanceHeartbeatOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #intervalMs: number;
  /** As it was last registered. */
  #registered: ActorInstance | undefined;
  #cancelTimer: (() => void) | undefined;
  #starting: Promise<void> | undefined;
  #beating: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor(options: InstanceHeartbeatOptions) {
    const { instances, intervalMs, clock = systemClock, logger = silentLogger } = options;
    const { leaseMs } = instances;
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
    const third = Math.max(Math.floor(leaseMs / 3), 1);
    this.#intervalMs = wholeNumber('intervalMs', intervalMs, third, { min: 1, max: leaseMs });
  }

  /**
   * Registers the instance and begins to send heartbeats. Every caller gets the same promise.
   * @throws LoomError `LOOM_CLOSED`, and what `register` of the registry throws
   */
  start(): Promise<void> {
    if (this.#closing) return Promise.reject(closed());
    return (this.#starting ??= Promise.resolve()
      .then(() => this.#register(this.#options.describe()))
      .then(() => this.#schedule()));
  }

  /**
   * Sends a heartbeat now, for example when the instance begins to drain.
   * @throws LoomError `LOOM_CLOSED` before `start()` and after `close()`, and what the registry throws
   */
  beat(): Promise<void> {
    if (!this.#registered || this.#closing) return Promise.reject(closed());
    // One after the other: an older state never overtakes a newer one.
    const beating = this.#beating.then(() => this.#send());
    this.#beating = beating.catch(() => undefined);
    return beating;
  }

  /** Ends the heartbeats and deregisters. Every caller gets the same promise. */
  close(): Promise<void> {
    return (this.#closing ??= Promise.resolve().then(async () => {
      await this.#starting?.catch(() => undefined);
      this.#cancelTimer?.();
      await this.#beating;
      if (this.#registered) await this.#options.instances.deregister(this.#registered.id);
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #schedule(): void {
    if (this.#closing) return;
    this.#cancelTimer = this.#clock.setTimer(this.#intervalMs, () => {
      this.beat()
        .catch((error: unknown) => {
          if (!this.#closing) this.#logger.warn('An instance could not send its heartbeat', { error });
        })
        .finally(() => this.#schedule());
    });
  }

  async #send(): Promise<void> {
    if (this.#closing) return;
    const now = checkInstance(this.#options.describe());
    const before = this.#registered;
    if (before !== undefined && before.id !== now.id) {
      const message = `An instance cannot change its id from "${before.id}" to "${now.id}". Close this heartbeat and start another.`;
      throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'id' });
    }
    const { status, slots } = now;
    const isSame = before !== undefined && isDeepStrictEqual({ ...before, status, slots }, now);
    if (isSame && (await this.#options.instances.heartbeat(now.id, { status, slots })).known) return;
    await this.#register(now);
  }

  async #register(instance: ActorInstance): Promise<void> {
    const checked = checkInstance(instance);
    await this.#options.instances.register(checked);
    this.#registered = checked;
  }
}

function closed(): LoomError {
  return new LoomError(
    'LOOM_CLOSED',
    'The heartbeat of this instance is not running: start() it first, or after close() start another.',
  );
}
