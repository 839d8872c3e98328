import { isDeepStrictEqual } from 'node:util';
import { LoomError, systemClock } from '@certoai/loom-core';
import type {
  ActorInstance,
  Clock,
  InstanceChange,
  InstanceListOptions,
  InstanceRegistry,
  InstanceUpdate,
  InstanceWatchOptions,
} from '@certoai/loom-core';
import { checkInstance, checkInstanceId, checkLeaseMs, checkUpdate } from '../internal/instance-input.js';

export interface InMemoryInstanceRegistryOptions {
  /** How long an instance stays without a heartbeat. Milliseconds, 1 or more. @default 15_000 */
  readonly leaseMs?: number | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

interface Lease {
  readonly instance: ActorInstance;
  readonly endsAt: number;
}

/** {@link InstanceRegistry} of one process: for tests, and for workers that share a process. */
export class InMemoryInstanceRegistry implements InstanceRegistry {
  readonly leaseMs: number;
  readonly #clock: Clock;
  readonly #leases = new Map<string, Lease>();
  readonly #watches = new Map<object, (change: InstanceChange) => void>();
  readonly #endings = new Set<() => void>();
  /** Set only while someone watches: without a reader, nobody can tell when a lease is cleaned up. */
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor(options: InMemoryInstanceRegistryOptions = {}) {
    const { leaseMs = 15_000, clock = systemClock } = options;
    this.leaseMs = checkLeaseMs(leaseMs);
    this.#clock = clock;
  }

  async register(instance: ActorInstance): Promise<{ readonly replaced: boolean }> {
    this.#checkOpen();
    const checked = checkInstance(instance);
    this.#endLeases();
    const before = this.#leases.get(checked.id);
    this.#keep(checked);
    if (!isDeepStrictEqual(before?.instance, checked)) {
      this.#announce({ kind: before ? 'updated' : 'registered', instance: checked });
    }
    return { replaced: before !== undefined };
  }

  async heartbeat(id: string, update: InstanceUpdate = {}): Promise<{ readonly known: boolean }> {
    this.#checkOpen();
    checkInstanceId(id);
    checkUpdate(update);
    this.#endLeases();
    const before = this.#leases.get(id)?.instance;
    if (before === undefined) return { known: false };
    const { status = before.status, slots = before.slots } = update;
    const { used, total } = slots;
    const instance = Object.freeze({ ...before, status, slots: Object.freeze({ used, total }) });
    this.#keep(instance);
    if (!isDeepStrictEqual(before, instance)) this.#announce({ kind: 'updated', instance });
    return { known: true };
  }

  async deregister(id: string): Promise<{ readonly known: boolean }> {
    this.#checkOpen();
    checkInstanceId(id);
    this.#endLeases();
    const lease = this.#leases.get(id);
    if (lease === undefined) return { known: false };
    this.#leases.delete(id);
    this.#setTimer();
    this.#announce({ kind: 'gone', instance: lease.instance, reason: 'deregistered' });
    return { known: true };
  }

  async list(options: InstanceListOptions = {}): Promise<readonly ActorInstance[]> {
    this.#checkOpen();
    this.#endLeases();
    const { actorType } = options;
    return [...this.#leases.values()]
      .map(({ instance }) => instance)
      .filter(({ actors }) => actorType === undefined || actors.some(({ type }) => type === actorType))
      .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  }

  async watch(
    listener: (change: InstanceChange) => void,
    options: InstanceWatchOptions = {},
  ): Promise<() => void> {
    this.#checkOpen();
    const { signal } = options;
    signal?.throwIfAborted();
    this.#endLeases();
    const watch = {};
    const end = (): void => {
      this.#watches.delete(watch);
      this.#endings.delete(end);
      signal?.removeEventListener('abort', end);
      this.#setTimer();
    };
    this.#watches.set(watch, listener);
    this.#endings.add(end);
    signal?.addEventListener('abort', end, { once: true });
    this.#setTimer();
    return end;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const end of [...this.#endings]) end();
    this.#leases.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new LoomError('LOOM_CLOSED', 'The instance registry is closed.');
  }

  #keep(instance: ActorInstance): void {
    this.#leases.set(instance.id, { instance, endsAt: this.#clock.now() + this.leaseMs });
    this.#setTimer();
  }

  #endLeases(): void {
    const now = this.#clock.now();
    const ended = [...this.#leases.values()].filter(({ endsAt }) => endsAt <= now);
    for (const { instance } of ended) this.#leases.delete(instance.id);
    for (const { instance } of ended) this.#announce({ kind: 'gone', instance, reason: 'lease-ended' });
  }

  #setTimer(): void {
    if (this.#watches.size === 0 || this.#leases.size === 0) {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      return;
    }
    // One timer at a time: heartbeats move the end of leases, and the timer looks again when it fires.
    if (this.#cancelTimer !== undefined) return;
    const nextEnd = [...this.#leases.values()].reduce(
      (least, { endsAt }) => Math.min(least, endsAt),
      Infinity,
    );
    this.#cancelTimer = this.#clock.setTimer(Math.max(nextEnd - this.#clock.now(), 0), () => {
      this.#cancelTimer = undefined;
      this.#endLeases();
      this.#setTimer();
    });
  }

  #announce(change: InstanceChange): void {
    for (const [watch, listener] of [...this.#watches]) {
      // One listener may have ended another's watch.
      if (!this.#watches.has(watch)) continue;
      try {
        listener(change);
      } catch {
        // A listener cannot undo a registration, nor keep the others from hearing of it.
      }
    }
  }
}
