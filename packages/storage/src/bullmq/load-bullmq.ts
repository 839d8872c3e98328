import { LoomError } from '@certoai/loom-core';

/** What is used of BullMQ. */
export type BullMQ = Pick<typeof import('bullmq'), 'Job' | 'Queue' | 'createRedisBackend'>;

/** BullMQ takes a tenth of a second to load, so it is loaded when a queue is first used. */
export async function loadBullMQ(): Promise<BullMQ> {
  try {
    return await import('bullmq');
  } catch (cause) {
    const message = 'The package "bullmq" cannot be loaded. Run "npm install bullmq".';
    throw new LoomError('LOOM_MISSING_DEPENDENCY', message, { package: 'bullmq' }, { cause });
  }
}
