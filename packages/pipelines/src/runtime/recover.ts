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

export interface RecoveryOptions {
  readonly host: ExecutionHost;
  readonly plans: PlanCache;
  readonly goOn: (revival: Revival) => void;
  /** Of this orchestrator: what is held by others is left to them. */
  readonly seat: () => number | undefined;
  /** Whether an execution lives in this process. */
  readonly isLive: (id: string) => boolean;
}

/**
 * Brings unfinished executions of the store to life. One that cannot be read must not keep the others from
 * going on, nor vanish: it is kept with the reason, and tried again by {@link retry}.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #failures = new Map<string, ErrorRecord>();
  readonly #reviving = new Map<string, Promise<void>>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Why an execution could not be brought to life here. */
  failure(id: string): ErrorRecord | undefined {
    return this.#failures.get(id);
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
    const ids = [...this.#failures.keys()];
    this.#failures.clear();
    await this.recover(ids);
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
      goOn(await revive(host, stored, await plans.pinned(stored.definition)));
      this.#failures.delete(id);
    } catch (error) {
      this.#failures.set(id, errorRecord(error));
      host.logger.error('Execution could not be picked up', { executionId: id, error });
      // An outage ends; nobody else picks up what is held here.
      if (isLoomError(error, 'LOOM_STORE_FAILED')) this.#reviveLater(id);
    }
  }
}
