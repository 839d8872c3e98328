import { isDeepStrictEqual } from 'node:util';
import { type InstanceRegistry, type Logger, LoomError, type Random, silentLogger } from '@certoai/loom-core';
import {
  type ActorCandidate,
  type ActorQuery,
  candidatesAmong,
  resolveQuery,
  type ResolvedQuery,
} from './actor-query.js';
import { Picker, type PickOptions } from './picker.js';
import { type ActorRequirement, planPreflight, type PreflightReport } from './preflight.js';

export interface ServiceDiscoveryOptions {
  /** Where live instances are. It stays open when this is closed. */
  readonly instances: InstanceRegistry;
  /** @default Math.random */
  readonly random?: Random | undefined;
  /** Hears of listeners that throw and of reads that fail while watching. @default silent */
  readonly logger?: Logger | undefined;
}

export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

/** Finds who can do what, and chooses among them. Draining, unhealthy and stale instances are never returned. */
export class ServiceDiscovery implements AsyncDisposable {
  readonly #instances: InstanceRegistry;
  readonly #picker: Picker;
  readonly #logger: Logger;
  readonly #closing = new AbortController();

  constructor(options: ServiceDiscoveryOptions) {
    const { instances, random = Math.random, logger = silentLogger } = options;
    this.#instances = instances;
    this.#picker = new Picker(random);
    this.#logger = logger;
  }

  /**
   * Every hosted actor that fits and can take work, by start and id of its instance. An instance whose slots are
   * all in use is among them: work may queue there.
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED`
   */
  async find(query: ActorQuery = {}): Promise<readonly ActorCandidate[]> {
    this.#checkOpen();
    return this.#candidates(resolveQuery(query));
  }

  /**
   * One of what {@link find} returns, or `undefined` when there is none. Turns and sticky picks are kept by this
   * object; `consistent-hash` needs no memory, so every process picks the same one.
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED`
   */
  async pick(query: ActorQuery, options: PickOptions = {}): Promise<ActorCandidate | undefined> {
    this.#checkOpen();
    const resolved = resolveQuery(query);
    return this.#picker.pick(await this.#candidates(resolved), resolved.id, options);
  }

  /**
   * Which of the actor types nobody could run now, and why. Twice the same is told once.
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED`
   */
  async preflight(actorTypes: Iterable<ActorRequirement>): Promise<PreflightReport> {
    this.#checkOpen();
    return planPreflight(actorTypes, await this.#instances.list());
  }

  /**
   * Calls `listener` with what {@link find} returns: once before this resolves, then after each change of it,
   * also of slots. Changes that come close together may be told as one. A listener that throws is logged.
   * @returns the function that ends it
   * @throws the signal's reason when it is aborted already; LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED`
   */
  async subscribe(
    query: ActorQuery,
    listener: (candidates: readonly ActorCandidate[]) => void,
    options: WatchOptions = {},
  ): Promise<() => void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    const resolved = resolveQuery(query);
    const ending = new AbortController();
    const signal = AbortSignal.any([
      ending.signal,
      this.#closing.signal,
      ...(options.signal ? [options.signal] : []),
    ]);
    let last: readonly ActorCandidate[] | undefined;
    let isStale = true;
    // Busy until the first read is done. One read at a time: an older answer never comes after a newer one.
    let isBusy = true;
    const refresh = async (): Promise<void> => {
      isBusy = true;
      try {
        while (isStale && !signal.aborted) {
          isStale = false;
          const candidates = await this.#candidates(resolved);
          if (signal.aborted || isDeepStrictEqual(candidates, last)) continue;
          last = candidates;
          this.#tell(listener, candidates);
        }
      } finally {
        isBusy = false;
      }
    };
    const onChange = (): void => {
      isStale = true;
      if (isBusy) return;
      refresh().catch((error: unknown) => {
        if (!signal.aborted) this.#logger.error('Live instances could not be read', { error });
      });
    };
    // Watched before the first read, so that no change falls between the two.
    await this.#instances.watch(onChange, { signal });
    try {
      await refresh();
    } catch (error) {
      ending.abort();
      throw error;
    }
    return () => ending.abort();
  }

  /**
   * What {@link find} returns now and after each change of it, for `for await`. A slow reader gets the latest.
   * It ends when this is closed.
   * @param options.signal - ends it by rejecting with its reason
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED`
   */
  async *watch(
    query: ActorQuery = {},
    options: WatchOptions = {},
  ): AsyncGenerator<readonly ActorCandidate[], void, undefined> {
    const { signal } = options;
    let latest: readonly ActorCandidate[] | undefined;
    let wake = (): void => {};
    const onEnd = (): void => wake();
    signal?.addEventListener('abort', onEnd);
    this.#closing.signal.addEventListener('abort', onEnd);
    const end = await this.subscribe(
      query,
      (candidates) => {
        latest = candidates;
        wake();
      },
      options,
    ).catch((error: unknown) => {
      signal?.removeEventListener('abort', onEnd);
      this.#closing.signal.removeEventListener('abort', onEnd);
      throw error;
    });
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (this.#closing.signal.aborted) return;
        if (latest === undefined) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        const candidates = latest;
        latest = undefined;
        yield candidates;
      }
    } finally {
      end();
      signal?.removeEventListener('abort', onEnd);
      this.#closing.signal.removeEventListener('abort', onEnd);
    }
  }

  /** Ends every watch. The registry of instances stays open. */
  async close(): Promise<void> {
    this.#closing.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tell(
    listener: (candidates: readonly ActorCandidate[]) => void,
    candidates: readonly ActorCandidate[],
  ): void {
    try {
      listener(candidates);
    } catch (error) {
      this.#logger.error('A listener of service discovery failed', { error });
    }
  }

  async #candidates(query: ResolvedQuery): Promise<readonly ActorCandidate[]> {
    const { type: actorType } = query;
    return candidatesAmong(await this.#instances.list({ actorType }), query);
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new LoomError('LOOM_CLOSED', 'The service discovery is closed.');
  }
}
