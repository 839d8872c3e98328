import {
  actorQueueName,
  type ErrorRecord,
  type MessageGroup,
  type OutgoingMessage,
  type TaskRequest,
} from '@certoai/loom-core';

/** One hand-out of a task that goes by a queue. */
export class SentTask {
  readonly task: TaskRequest;
  /** Queue of workers that are alike; `undefined`: that of all workers of its actor type. */
  readonly lane: string | undefined;
  readonly group: MessageGroup | undefined;
  /** Called once when no queue will ever take it. */
  readonly refuse: (error: unknown) => void;
  /** Known once the queue has it. */
  messageId: string | undefined;
  /** Nobody waits for it any more. */
  isWithdrawn = false;
  /** Why the queue does not take it; it is tried again by itself. */
  failure: ErrorRecord | undefined;

  constructor(
    task: TaskRequest,
    lane: string | undefined,
    group: MessageGroup | undefined,
    refuse: (error: unknown) => void,
  ) {
    this.task = task;
    this.lane = lane;
    this.group = group;
    this.refuse = refuse;
  }

  get queue(): string {
    return this.lane ?? actorQueueName(this.task.actor);
  }

  /** @param replyTo - queue that the report goes to */
  message(replyTo: string): OutgoingMessage {
    const { executionId, stage, index, token, priority = 0 } = this.task;
    return {
      body: { kind: 'task', task: this.task as never, replyTo },
      // Also for another orchestrator that takes over: what is in the queue is not sent again.
      dedupeId: `${executionId}/${stage}/${index}/${token}`,
      // A queue knows 0 to 100; what is below waits with the rest.
      priority: Math.max(0, Math.min(100, priority)),
      group: this.group,
    };
  }
}
