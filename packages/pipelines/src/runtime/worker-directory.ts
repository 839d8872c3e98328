import type { ActorInstance, Clock, InstanceRegistry, Logger } from '@certoai/loom-core';

/** What is known is asked for again after this. */
const freshMs = 2_000;

interface Answer {
  readonly askedAt: number;
  readonly instances: Promise<readonly ActorInstance[] | undefined>;
}

/** Which workers of other processes are alive, as the instance registry tells, asked when somebody wants to know. */
export class WorkerDirectory {
  readonly #instances: InstanceRegistry | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #answers = new Map<string, Answer>();

  constructor(instances: InstanceRegistry | undefined, clock: Clock, logger: Logger) {
    this.#instances = instances;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Live workers that host `actor` and take work; `undefined` when that cannot be known. Never rejects. */
  async hosts(actor: string): Promise<readonly ActorInstance[] | undefined> {
    if (this.#instances === undefined) return undefined;
    const now = this.#clock.now();
    const known = this.#answers.get(actor);
    if (known !== undefined && now - known.askedAt < freshMs) return known.instances;
    const answer = { askedAt: now, instances: this.#ask(this.#instances, actor) };
    if (this.#answers.size > 1_000) this.#answers.clear();
    this.#answers.set(actor, answer);
    return answer.instances;
  }

  /** Those of `actors` that no live worker hosts. */
  async withoutWorker(actors: Iterable<string>): Promise<ReadonlySet<string>> {
    const missing = await Promise.all(
      [...new Set(actors)].map(async (actor) => ((await this.hosts(actor))?.length === 0 ? [actor] : [])),
    );
    return new Set(missing.flat());
  }

  async #ask(instances: InstanceRegistry, actorType: string): Promise<readonly ActorInstance[] | undefined> {
    try {
      return (await instances.list({ actorType })).filter(({ status }) => status === 'ready');
    } catch (error) {
      this.#logger.debug('Live workers are not known', { actor: actorType, error });
      return undefined;
    }
  }
}
