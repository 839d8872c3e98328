import type { ActorInstance, InstanceUpdate } from './actor-instance.js';

export type InstanceChange =
  | { readonly kind: 'registered' | 'updated'; readonly instance: ActorInstance }
  | {
      readonly kind: 'gone';
      readonly instance: ActorInstance;
      readonly reason: 'deregistered' | 'lease-ended';
    };

export interface InstanceListOptions {
  /** Only instances that host this actor type. @default all */
  readonly actorType?: string | undefined;
}

export interface InstanceWatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Which instances are alive. Each holds a lease that its heartbeats renew; one whose lease has ended is gone for
 * every reader, whether or not anything has cleaned it up. Readers may be behind writers of another process by
 * the time that the adapter's store needs, and never by more than the lease.
 */
export interface InstanceRegistry extends AsyncDisposable {
  /** How long an instance stays without a heartbeat. Milliseconds. */
  readonly leaseMs: number;

  /**
   * Stores an instance with a new lease. A live one of the same id is replaced as a whole: nothing finds it by an
   * actor type that it no longer hosts.
   * @returns whether a live instance of this id was replaced
   * @throws LoomError `LOOM_INVALID_OPTION` when a field cannot be used
   * @throws LoomError `LOOM_CLOSED` after `close()`
   */
  register(instance: ActorInstance): Promise<{ readonly replaced: boolean }>;

  /**
   * Renews the lease and may change status and slots. For an id that is not live it creates nothing and says so:
   * the caller registers again.
   * @returns whether the id was live
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED`
   */
  heartbeat(id: string, update?: InstanceUpdate): Promise<{ readonly known: boolean }>;

  /**
   * @returns whether the id was live
   * @throws LoomError `LOOM_CLOSED`
   */
  deregister(id: string): Promise<{ readonly known: boolean }>;

  /**
   * The live instances, by `startedAt` and then `id`. What is returned never changes later.
   * @throws LoomError `LOOM_CLOSED`
   */
  list(options?: InstanceListOptions): Promise<readonly ActorInstance[]>;

  /**
   * Calls `listener` after each change from when this resolves, in order for one instance, once each. An instance
   * that is replaced is `updated`. A heartbeat that changes nothing but the lease is not a change. What the
   * listener throws is dropped.
   * @returns the function that ends it; calling it twice does nothing
   * @throws the signal's reason when it is aborted already; LoomError `LOOM_CLOSED`
   */
  watch(listener: (change: InstanceChange) => void, options?: InstanceWatchOptions): Promise<() => void>;

  /** Ends every watch. Instances stay registered where the store outlives this object. */
  close(): Promise<void>;
}
