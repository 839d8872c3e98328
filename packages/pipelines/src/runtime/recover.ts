import { errorRecord, type ErrorRecord, type ExecutionStore } from '@certoai/loom-core';
import { isFinal } from '../engine/state.js';
import type { ExecutionHost } from './execution-host.js';
import type { Revival } from './live-execution.js';
import type { PlanCache } from './plan-cache.js';
import { revive } from './revive.js';

/** How many executions are read at the same time. */
const lanes = 16;

/**
 * Brings unfinished executions of the store to life, oldest first. One that cannot be read must not keep
 * the others from going on, nor vanish: it is kept with the reason, and tried again by {@link retry}.
 */
export class Recovery {
  readonly #host: ExecutionHost;
  readonly #plans: PlanCache;
  readonly #goOn: (revival: Revival) => void;
  readonly #failures = new Map<string, ErrorRecord>();

  constructor(host: ExecutionHost, plans: PlanCache, goOn: (revival: Revival) => void) {
    this.#host = host;
    this.#plans = plans;
    this.#goOn = goOn;
  }

  /** Why an execution could not be brought to life here. */
  failure(id: string): ErrorRecord | undefined {
    return this.#failures.get(id);
  }

  async recoverAll(): Promise<void> {
    const ids = await unfinishedIds(this.#host.store);
    if (ids.length > 0) this.#host.logger.info('Unfinished executions go on', { count: ids.length });
    await this.#recover(ids);
  }

  /** Something changed that may help: a mode was registered. */
  async retry(): Promise<void> {
    const ids = [...this.#failures.keys()];
    this.#failures.clear();
    await this.#recover(ids);
  }

  async #recover(ids: readonly string[]): Promise<void> {
    const next = ids.values();
    const lane = async (): Promise<void> => {
      for (const id of next) await this.#recoverOne(id);
    };
    await Promise.all(Array.from({ length: Math.min(lanes, ids.length) }, lane));
  }

  async #recoverOne(id: string): Promise<void> {
    try {
      const stored = await this.#host.store.load(id);
      if (stored === undefined || isFinal(stored.status)) return;
      this.#goOn(await revive(this.#host, stored, await this.#plans.pinned(stored.definition)));
    } catch (error) {
      this.#failures.set(id, errorRecord(error));
      this.#host.logger.error('Execution could not be picked up', { executionId: id, error });
    }
  }
}

async function unfinishedIds(store: ExecutionStore): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list({ status: ['running', 'paused'], limit: 1_000, cursor });
    for (const { id } of page.items) ids.push(id);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ids.reverse();
}
