import type { ExecutionStore } from '@certoai/loom-core';
import { isFinal } from '../engine/state.js';
import type { ExecutionHost } from './execution-host.js';
import type { Revival } from './live-execution.js';
import type { PlanCache } from './plan-cache.js';
import { revive } from './revive.js';

/** How many executions are read at the same time. */
const lanes = 16;

/** Brings every unfinished execution of the store to life, oldest first. */
export async function recoverUnfinished(
  host: ExecutionHost,
  plans: PlanCache,
  goOn: (revival: Revival) => void,
): Promise<void> {
  const ids = await unfinishedIds(host.store);
  if (ids.length > 0) host.logger.info('Unfinished executions go on', { count: ids.length });
  const next = ids.values();
  const lane = async (): Promise<void> => {
    for (const id of next) {
      try {
        const stored = await host.store.load(id);
        if (stored === undefined || isFinal(stored.status)) continue;
        goOn(await revive(host, stored, await plans.pinned(stored.definition)));
      } catch (error) {
        // One execution that cannot be read must not keep the others from going on.
        host.logger.error('Execution could not be picked up', { executionId: id, error });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
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
