/** `ready` takes work; `draining` finishes what it has; `unhealthy` says of itself that it cannot work. */
export type InstanceStatus = 'ready' | 'draining' | 'unhealthy';

/** One actor type in one version, as an instance hosts it. */
export interface HostedActor {
  /** 1 to 128 letters, digits, `.`, `_` or `-`. */
  readonly type: string;
  /** Semantic version. */
  readonly version: string;
  /** @default none */
  readonly capabilities?: readonly string[] | undefined;
  /** @default none */
  readonly tags?: readonly string[] | undefined;
  /**
   * Queue of the instances that host the same under the same labels, for tasks that not every instance may run.
   * 1 to 200 letters, digits, `.`, `_` or `-`. @default none: it gets only tasks for any instance
   */
  readonly lane?: string | undefined;
}

export interface InstanceSlots {
  /** Tasks that run now. Count, 0 to `total`. */
  readonly used: number;
  /** Tasks that can run at the same time. Count, 0 or more. */
  readonly total: number;
}

/** One worker that is alive, and what it hosts. Plain JSON data. */
export interface ActorInstance {
  /** Unique to one start of one worker: 1 to 256 characters, not only blanks. */
  readonly id: string;
  /** Name of the worker; several instances may share it. */
  readonly worker: string;
  /** The actor types it hosts. The same type may be there in several versions. */
  readonly actors: readonly HostedActor[];
  /** Where it runs and what sets it apart, such as `{ zone: 'west', gpu: 'a100' }`. @default none */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** What every actor of this instance can do here, beside its own capabilities. @default none */
  readonly capabilities?: readonly string[] | undefined;
  readonly status: InstanceStatus;
  readonly slots: InstanceSlots;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
}

/** What a heartbeat may change beside the lease. */
export interface InstanceUpdate {
  readonly status?: InstanceStatus | undefined;
  readonly slots?: InstanceSlots | undefined;
}

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
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED`
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
