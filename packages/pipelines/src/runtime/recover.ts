import { errorRecord, isLoomError, type ErrorRecord } from '@certoai/loom-core';
import { isFinal } from '../engine/state.js';
import type { ExecutionHost } from './execution-host.js';
import type { Revival } from './live-execution.js';
import type { PlanCache } from './plan-cache.js';
import { revive } from './revive.js';

/** How many executions are read at the same time. */
const lanes = 16;
/** Between two tries to read one while the store is away; milliseconds. */
const retryMs = 1_000;
/** Before one that cannot be read here is offered to all again, doubled each time up to the second; milliseconds. */
const firstOfferMs = 1_000;
const lastOfferMs = 30_000;
/** Reasons that are kept about executions that others may serve by now. */
const maxReasons = 1_000;

export interface RecoveryOptions {
  readonly host: ExecutionHost;
  readonly plans: PlanCache;
  readonly goOn: (revival: Revival) => void;
  /** Of this orchestrator: what is held by others is left to them. */
  readonly seat: () => number | undefined;
  /** Whether an execution lives in this process. */
  readonly isLive: (id: string) => boolean;
  /** Claims what wakes by a time that is still to come. */
  readonly takeBy: (at: number) => Promise<void>;
}

interface Failure {
  readonly error: ErrorRecord;
  /** How often it could not be read. */
  readonly count: number;
  /** Nobody holds it, and it can be claimed from then on. */
  readonly wakeAt?: number;
}

/**
 * Brings unfinished executions of the store to life. One that cannot be read must not keep the others from
 * going on, nor vanish: the reason is kept, and {@link retry} tries again. On a store that is shared it is
 * released, as another orchestrator may have what is missing here.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #failures = new Map<string, Failure>();
  readonly #reviving = new Map<string, Promise<void>>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Why an execution could not be brought to life here, unless another orchestrator has it now. */
  failure(id: string, seat: number | undefined): ErrorRecord | undefined {
    const isElsewhere = seat !== undefined && seat !== this.#options.seat();
    return isElsewhere ? undefined : this.#failures.get(id)?.error;
  }

  /** Something that others may be able to serve was released. */
  get hasReleased(): boolean {
    return [...this.#failures.values()].some(({ wakeAt }) => wakeAt !== undefined);
  }

  /** Resolves when each of them lives, or its failure is known. */
  async recover(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) this.#options.host.logger.info('Unfinished executions go on', { count: ids.length });
    const next = ids.values();
    const lane = async (): Promise<void> => {
      for (const id of next) await this.revive(id);
    };
    await Promise.all(Array.from({ length: Math.min(lanes, ids.length) }, lane));
  }

  /** Something changed that may help: a mode was registered. */
  async retry(): Promise<void> {
    const held: string[] = [];
    let lastWakeAt = -Infinity;
    for (const [id, { wakeAt }] of this.#failures) {
      if (wakeAt === undefined) held.push(id);
      else lastWakeAt = Math.max(lastWakeAt, wakeAt);
    }
    for (const id of held) this.#failures.delete(id);
    await this.recover(held);
    if (lastWakeAt > -Infinity) await this.#options.takeBy(lastWakeAt);
  }

  /** One at a time for each execution, however many ask. */
  revive(id: string): Promise<void> {
    const known = this.#reviving.get(id);
    if (known !== undefined) return known;
    const reviving = this.#revive(id).finally(() => this.#reviving.delete(id));
    this.#reviving.set(id, reviving);
    return reviving;
  }

  #reviveLater(id: string): void {
    this.#options.host.clock.setTimer(retryMs, () => void this.revive(id), { background: true });
  }

  async #revive(id: string): Promise<void> {
    const { host, plans, goOn, seat, isLive } = this.#options;
    try {
      // One whose creation was in doubt may be claimed by who has it.
      if (isLive(id)) return;
      const stored = await host.store.load(id);
      if (stored === undefined || isFinal(stored.status)) return void this.#failures.delete(id);
      if (stored.seat !== undefined && stored.seat !== seat()) return void this.#failures.delete(id);
      // Somebody may claim it at any time.
      if (stored.seat === undefined && this.#failures.get(id)?.wakeAt !== undefined) return;
      goOn(await revive(host, stored, await plans.pinned(stored.definition)));
      this.#failures.delete(id);
    } catch (error) {
      await this.#fail(id, error);
    }
  }

  async #fail(id: string, error: unknown): Promise<void> {
    const { clock, logger, random, store } = this.#options.host;
    const before = this.#failures.get(id);
    const failure = { error: errorRecord(error), count: (before?.count ?? 0) + 1 };
    this.#failures.set(id, failure);
    const level = before?.error.message === failure.error.message ? 'debug' : 'error';
    logger[level]('Execution could not be picked up', { executionId: id, error });
    // An outage ends; nobody else picks up what is held here.
    if (isLoomError(error, 'LOOM_STORE_FAILED')) return this.#reviveLater(id);
    if (!store.capabilities.shared) return;
    const offerMs = Math.min(lastOfferMs, firstOfferMs * 2 ** (failure.count - 1));
    const wakeAt = clock.now() + Math.round(offerMs * (0.5 + random() / 2));
    try {
      await store.release({ executionId: id, holder: this.#options.host.holder(), wakeAt });
    } catch (failed) {
      logger.warn('Execution could not be released', { executionId: id, error: failed });
      return isLoomError(failed, 'LOOM_STORE_FAILED') ? this.#reviveLater(id) : undefined;
    }
    // Those that failed last are the last to be forgotten.
    this.#failures.delete(id);
    this.#failures.set(id, { ...failure, wakeAt });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxReasons && oldest !== undefined) this.#failures.delete(oldest);
  }
}
