import { invalid } from './message-queue-options.js';

/** How the names of temporary queues begin; the port says what such a queue is. */
export const temporaryPrefix = 'loom.replies.';

export function isTemporary(queue: string): boolean {
  return queue.startsWith(temporaryPrefix);
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkPausable(queue: string): void {
  if (isTemporary(queue))
    throw invalid('queue', queue, 'it is temporary, and only others can be paused and resumed');
}
