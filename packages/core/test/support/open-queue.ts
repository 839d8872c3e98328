import { actorQueueName } from '@certoai/loom-core';
import type {
  ActorQueueBody,
  ActorWorker,
  ActorWorkerOptions,
  JsonValue,
  MessageEnvelope,
  TaskReport,
  TaskReports,
} from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { MemoryQueue } from './memory-queue.ts';
import { openWorker } from './open-worker.ts';
import { task } from './task.ts';

export interface OpenQueue {
  readonly clock: ManualClock;
  readonly queue: MemoryQueue;
  /** Another process, as far as the two can tell. */
  open(options?: ActorWorkerOptions): ActorWorker;
  send(body: unknown, type?: string): Promise<string>;
  /** Everything that was sent to the reports' queue. */
  reports(): TaskReport[];
  deadReasons(type?: string): Promise<string[]>;
}

/** A queue on a clock of its own, and workers that share it as processes would. */
export function openQueue(): OpenQueue {
  const clock = new ManualClock();
  const queue = new MemoryQueue(clock);
  const open = (options: ActorWorkerOptions = {}): ActorWorker =>
    openWorker({ clock, queue, ...options }).worker;
  return {
    clock,
    queue,
    open,
    async send(body, type = 'a') {
      const [id] = await queue.send(actorQueueName(type), [{ body: body as JsonValue }]);
      return id as string;
    },
    reports: () =>
      queue.sent.flatMap(({ queue: name, body }) =>
        name === 'reports' && 'reports' in (body as object) ? (body as unknown as TaskReports).reports : [],
      ),
    async deadReasons(type = 'a') {
      return (await queue.deadLetters.list(actorQueueName(type))).items.map(({ reason }) => reason);
    },
  };
}

export function taskBody(fields: Parameters<typeof task>[0] = {}): ActorQueueBody {
  return { kind: 'task', task: task(fields), replyTo: 'reports' };
}

export function envelope(fields: Partial<MessageEnvelope<JsonValue>> = {}): MessageEnvelope<JsonValue> {
  return { id: 'm', to: 'a', body: 1, correlationId: 'm', headers: {}, priority: 0, createdAt: 0, ...fields };
}
