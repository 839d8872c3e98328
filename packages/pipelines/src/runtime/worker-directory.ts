import {
  isLoomError,
  type ActorInstance,
  type ActorWorker,
  type Clock,
  type InstanceRegistry,
  type Logger,
} from '@certoai/loom-core';
import {
  newestVersion,
  pickConsistently,
  planPreflight,
  selectActors,
  ServiceDiscovery,
  type ActorCandidate,
  type ActorQuery,
  type ActorRequirement,
  type MissingActor,
} from '@certoai/loom-discovery';

export interface WorkerDirectoryOptions {
  /** Where workers of other processes are known. */
  readonly instances: InstanceRegistry | undefined;
  /** The one of this process. */
  readonly worker: Pick<ActorWorker, 'describe' | 'name'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when other workers, or the same with other actors, are there than before. */
  readonly changed: () => void;
}

/** Where a task runs that not every worker may run. */
export interface Placement {
  readonly actor: string;
  /** Queue of the workers that are alike; `undefined`: this process. */
  readonly lane: string | undefined;
}

/** What was read is read again after this. */
const freshMs = 2_000;
/** Between two tries to watch; milliseconds. */
const watchAgainMs = 2_000;
const rememberedNeeds = 1_000;

/**
 * Which workers are alive and what they host. Asked when somebody wants to know; watched from the first task on
 * that not every worker may run.
 */
export class WorkerDirectory {
  readonly #options: WorkerDirectoryOptions;
  readonly #discovery: ServiceDiscovery | undefined;
  #read:
    | { readonly at: number; readonly instances: Promise<readonly ActorInstance[] | undefined> }
    | undefined;
  #isWatching = false;
  /** As the watch tells; those that take no work are not among them. */
  #live: readonly ActorInstance[] = [];
  #lanes: ReadonlySet<string | undefined> = new Set();
  /** By need, until what is live changes. */
  readonly #candidates = new Map<string, readonly ActorCandidate[]>();
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(options: WorkerDirectoryOptions) {
    const { instances, logger } = options;
    this.#options = options;
    this.#discovery = instances && new ServiceDiscovery({ instances, logger });
  }

  /** What of `required` no live worker could run now, and why; nothing when that cannot be known. Never rejects. */
  async missing(required: readonly ActorRequirement[]): Promise<readonly MissingActor[]> {
    const instances = required.length === 0 ? undefined : await this.#instances();
    return instances === undefined ? [] : planPreflight(required, instances).missing;
  }

  /** The same of what this process has, and of other workers as far as they are known. */
  explain(need: ActorQuery): MissingActor | undefined {
    return planPreflight([need], [this.#self(), ...this.#live]).missing[0];
  }

  /** The newest version of each type that is live, here or elsewhere; a type that nobody hosts is absent. */
  async newest(types: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { instances: registry } = this.#options;
    // Asked anew: what is pinned stays.
    const instances = [this.#self(), ...((registry && (await this.#ask(registry))) ?? [])];
    return new Map(
      types.flatMap((type) => {
        const newest = newestVersion(instances, type);
        return newest === undefined ? [] : [[type, newest] as const];
      }),
    );
  }

  /**
   * Who runs a task: this process when it can, else workers that are alike, the same ones for the same `key` in
   * every process as long as they are there.
   */
  place(need: ActorQuery, key: string): Placement | undefined {
    const [here] = selectActors([this.#self()], need);
    if (here !== undefined) return { actor: here.actor.type, lane: undefined };
    if (!this.#isWatching) void this.#watch();
    const { type, lane } = pickConsistently(this.#fitting(need), key)?.actor ?? {};
    return type === undefined ? undefined : { actor: type, lane };
  }

  /** Whether anybody takes work from `lane`. */
  isServed(lane: string): boolean {
    return this.#lanes.has(lane);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.#discovery?.close();
  }

  #self(): ActorInstance {
    const { worker } = this.#options;
    return { ...worker.describe(), id: 'here', worker: worker.name, startedAt: 0 };
  }

  #fitting(need: ActorQuery): readonly ActorCandidate[] {
    const id = JSON.stringify(need);
    const known = this.#candidates.get(id);
    if (known !== undefined) return known;
    const candidates = selectActors(this.#live, need).filter(({ actor }) => actor.lane !== undefined);
    if (this.#candidates.size >= rememberedNeeds) this.#candidates.clear();
    this.#candidates.set(id, candidates);
    return candidates;
  }

  async #watch(): Promise<void> {
    this.#isWatching = true;
    try {
      await this.#discovery?.subscribe({}, (candidates) => this.#know(candidates));
    } catch (error) {
      if (this.#isClosed || isLoomError(error, 'LOOM_CLOSED')) return;
      this.#options.logger.warn('Live workers cannot be watched; trying again', { error });
      this.#cancelTimer = this.#options.clock.setTimer(watchAgainMs, () => void this.#watch(), {
        background: true,
      });
    }
  }

  #know(candidates: readonly ActorCandidate[]): void {
    this.#live = [...new Set(candidates.map(({ instance }) => instance))];
    this.#candidates.clear();
    const lanes = new Set(candidates.map(({ actor }) => actor.lane));
    const before = this.#lanes;
    this.#lanes = lanes;
    if (lanes.size !== before.size || [...lanes].some((lane) => !before.has(lane))) this.#options.changed();
  }

  #instances(): Promise<readonly ActorInstance[] | undefined> {
    const { instances, clock } = this.#options;
    if (instances === undefined) return Promise.resolve(undefined);
    const at = clock.now();
    if (this.#read === undefined || at - this.#read.at >= freshMs)
      this.#read = { at, instances: this.#ask(instances) };
    return this.#read.instances;
  }

  async #ask(instances: InstanceRegistry): Promise<readonly ActorInstance[] | undefined> {
    try {
      return await instances.list();
    } catch (error) {
      this.#options.logger.debug('Live workers are not known', { error });
      return undefined;
    }
  }
}
