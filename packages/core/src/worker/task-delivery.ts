import { isLoomError, LoomError } from '../errors/loom-error.js';
import type { JsonValue } from '../message/json.js';
import type { Delivery, MessageQueue, Verdict } from '../ports/message-queue.js';
import { release, silentDeath } from './message-delivery.js';
import type { TaskPool } from './task-pool.js';
import { createProgressSender } from './progress-sender.js';
import type { SendReport } from './report-sender.js';
import { describeTask, failure, placeOf } from './task-run.js';
import type { TaskOutcome, TaskProgress, TaskRequest } from './task.js';
import type { ActorQueueBody } from './wire.js';

/** Between two tries to send a report. */
const retryMs = 1_000;

/** Has a task run, and tells its orchestrator of its progress and of what came of it. */
export async function serveTask(
  { signal, attempt }: Delivery,
  pool: TaskPool,
  { task, replyTo }: ActorQueueBody & { readonly kind: 'task' },
  queue: MessageQueue,
  report: SendReport,
  onHeartbeat: () => void,
): Promise<Verdict | void> {
  const { worker, clock, maxDeliveries, system } = pool.host;
  const { logger } = system;
  const { token } = task;
  const progress = createProgressSender(clock, async (data) => {
    const body: TaskProgress = { ...placeOf(task), token, progress: data as JsonValue };
    try {
      await queue.send(replyTo, [{ body: body as unknown as JsonValue }]);
    } catch (error) {
      logger.debug('Progress of a task was not sent', { ...placeOf(task), error });
    }
  });
  let startedAt = clock.now();
  let outcome =
    attempt > maxDeliveries
      ? crashed(task, attempt - 1)
      : await pool.run(task, {
          signal,
          onStart: () => (startedAt = clock.now()),
          onProgress: (data) => progress.tell(data),
          onHeartbeat,
        });
  const durationMs = clock.now() - startedAt;
  await progress.end();
  // Another worker may have the task by now, or nobody wants it: a report would be one too many.
  while (outcome.kind !== 'aborted' && !signal.aborted) {
    try {
      return await report(replyTo, { ...placeOf(task), token, outcome, durationMs, worker });
    } catch (error) {
      if (isLoomError(error, 'LOOM_CLOSED')) throw error;
      if (isLoomError(error, 'LOOM_PAYLOAD_TOO_LARGE')) outcome = failure(error);
      // Its handler is done, and does not run again because nobody could be told.
      logger.warn('Report of a task was not sent; it is sent again', { ...placeOf(task), error });
      await new Promise<void>((over) => void clock.setTimer(retryMs, over));
    }
  }
  return release;
}

function crashed(task: TaskRequest, deliveries: number): TaskOutcome {
  const { actor } = task;
  const message = `Actor "${actor}" never finished ${describeTask(task)}. ${silentDeath(deliveries)} Look for what kills or blocks it: memory, a crash, a long loop.`;
  const error = new LoomError('LOOM_TASK_CRASHED', message, { ...placeOf(task), actor, deliveries });
  return failure(Object.assign(error, { retryable: false }));
}
