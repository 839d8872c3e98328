import { createHash } from 'node:crypto';
import type { JsonValue } from '@certoai/loom-core';
import type { JobsOptions } from 'bullmq';
import { dedupeWindowMs } from '../internal/message-queue-options.js';
import type { CheckedMessage } from '../internal/message-queue-options.js';

/** Every job has a name in BullMQ; its tools show it. */
export const jobName = 'message';

/** BullMQ takes 1 before 2, and 0 before all of them; Loom takes 100 before 0. */
const lowestPriority = 101;

export interface MessageJob {
  readonly data: JsonValue;
  readonly opts: JobsOptions;
}

/** A message as BullMQ takes it. The data is a copy that nobody else holds. */
export function messageJob({ body, delayMs, priority, dedupeId }: CheckedMessage): MessageJob {
  const opts: JobsOptions = { priority: lowestPriority - priority };
  if (delayMs > 0) opts.delay = delayMs;
  if (dedupeId !== undefined) {
    const id = dedupeJobId(dedupeId);
    // The id of the job says that it is stored; the key with a time says that it was sent within the hour.
    opts.jobId = id;
    opts.deduplication = { id, ttl: dedupeWindowMs };
  }
  return { data: JSON.parse(body) as JsonValue, opts };
}

/** The same for a script of ours: id or nothing, data, options, priority, delay, key and limits of the group. */
export function messageJobValues({
  body,
  delayMs,
  priority,
  dedupeId,
  group,
}: CheckedMessage): readonly (string | number)[] {
  const opts = { priority: lowestPriority - priority, attempts: 0, delay: delayMs, group };
  return [
    dedupeId === undefined ? '' : dedupeJobId(dedupeId),
    body,
    JSON.stringify(opts),
    opts.priority,
    delayMs,
    group?.key ?? '',
    group?.limits ?? '',
  ];
}

/** BullMQ refuses ids with a colon and ids that are numbers, and a key should be short. */
function dedupeJobId(dedupeId: string): string {
  return `once-${createHash('sha256').update(dedupeId).digest('base64url')}`;
}
