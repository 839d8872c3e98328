import {
  actorQueueName,
  type ActorWorker,
  type Clock,
  type ErrorRecord,
  type GroupStats,
  type JsonValue,
  type Logger,
  type MessageGroup,
  type MessageQueue,
  type Random,
  type TaskOutcome,
  type TaskRequest,
} from '@certoai/loom-core';
import type { Route, RunOptions } from './execution-host.js';
import type { InboxMessage } from './inbox.js';
import { LocalTurns } from './local-turns.js';
import type { SentTask } from './sent-task.js';
import { registeredGroup } from './task-group.js';
import { TaskSender } from './task-sender.js';

export interface TaskRoutesOptions {
  readonly worker: ActorWorker;
  readonly queue: MessageQueue | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Queue that reports of other processes come back by. */
  readonly replyTo: () => string;
  /** Gives a message to its execution, as an inbox does. */
  readonly deliver: (message: InboxMessage) => Promise<boolean>;
}

/** Brings a task to someone who runs its actor: this process when it can, else any worker on the queue. */
export class TaskRoutes {
  readonly #options: TaskRoutesOptions;
  readonly #toQueue: TaskSender | undefined;
  #turns: { readonly local: LocalTurns; readonly sender: TaskSender } | undefined;

  constructor(options: TaskRoutesOptions) {
    this.#options = options;
    const { queue } = options;
    this.#toQueue = queue && new TaskSender({ ...options, queue });
  }

  /** Whether tasks can go to other processes. */
  get reachesOthers(): boolean {
    return this.#toQueue !== undefined;
  }

  route(actor: string, isLimited: boolean): Route {
    const isHere = this.#options.worker.has(actor);
    if (isHere && !isLimited) return 'here';
    if (this.#toQueue !== undefined) return 'queue';
    return isHere ? 'turns' : 'nowhere';
  }

  groupOf(actor: string, input: JsonValue): MessageGroup | undefined {
    const limit = this.#options.worker.registry.get(actor)?.options.limit;
    return limit && registeredGroup(limit, input);
  }

  run(task: TaskRequest, options: RunOptions): TaskOutcome | Promise<TaskOutcome> {
    return this.#options.worker.run(task, options);
  }

  send(sent: SentTask): void {
    if (this.#toQueue !== undefined) return this.#toQueue.send(sent);
    const { local, sender } = (this.#turns ??= this.#openTurns());
    local.serve(sent.task.actor);
    sender.send(sent);
  }

  withdraw(sent: SentTask): void {
    (this.#toQueue ?? this.#turns?.sender)?.withdraw(sent);
  }

  /** Why `queue` takes no tasks just now. */
  failure(queue: string): ErrorRecord | undefined {
    return this.#toQueue?.failure(queue);
  }

  /** Why the queue takes nothing just now. */
  get anyFailure(): ErrorRecord | undefined {
    return this.#toQueue?.anyFailure;
  }

  /** What the group of a task is doing, for who wants to know why it waits. */
  group(actor: string, key: string): Promise<GroupStats> | undefined {
    const queue = this.#options.queue ?? this.#turns?.local.queue;
    return queue?.group(actorQueueName(actor), key);
  }

  async close(): Promise<void> {
    this.#toQueue?.close();
    this.#turns?.sender.close();
    await this.#turns?.local.close();
  }

  #openTurns(): { readonly local: LocalTurns; readonly sender: TaskSender } {
    const local = new LocalTurns(this.#options);
    return { local, sender: new TaskSender({ ...this.#options, queue: local.queue }) };
  }
}
