import {
  errorRecord,
  type ActorWorker,
  type Consumer,
  type JsonValue,
  type Logger,
  type MessageQueue,
  type TaskOutcome,
  type TaskReport,
  type TaskRequest,
} from '@certoai/loom-core';
import type { RunOptions } from './execution-host.js';

export interface TaskDispatcherOptions {
  readonly worker: ActorWorker;
  readonly queue: MessageQueue | undefined;
  readonly logger: Logger;
}

/** Where reports of workers in other processes come back. */
export const reportQueue = 'loom.reports';

/**
 * Brings a task to someone who runs its actor: this process when it can, else any worker on the queue.
 * Never rejects.
 */
export class TaskDispatcher {
  readonly #worker: ActorWorker;
  readonly #queue: MessageQueue | undefined;
  readonly #logger: Logger;
  readonly #sent = new Map<string, (outcome: TaskOutcome) => void>();
  #consumer: Consumer | undefined;

  constructor({ worker, queue, logger }: TaskDispatcherOptions) {
    this.#worker = worker;
    this.#queue = queue;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    this.#consumer = await this.#queue?.consume(reportQueue, async ({ body }) => this.#receive(body), {
      concurrency: 100,
    });
  }

  async close(): Promise<void> {
    await this.#consumer?.close();
  }

  /** Whether some worker can be expected to run `actor`. */
  canRun(actor: string): boolean {
    return this.#queue !== undefined || this.#worker.has(actor);
  }

  /** `undefined`: nobody can run it now. */
  run(task: TaskRequest, options: RunOptions): TaskOutcome | Promise<TaskOutcome> | undefined {
    if (this.#worker.has(task.actor)) return this.#worker.run(task, options);
    if (this.#queue === undefined) return undefined;
    return this.#send(this.#queue, task, options.signal);
  }

  #send(queue: MessageQueue, task: TaskRequest, signal: AbortSignal): Promise<TaskOutcome> {
    return new Promise((resolve) => {
      const key = `${task.executionId}/${task.stage}/${task.index}/${task.token}`;
      const settle = (outcome: TaskOutcome): void => {
        if (!this.#sent.delete(key)) return;
        signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      const onAbort = (): void => settle({ kind: 'aborted' });
      signal.addEventListener('abort', onAbort);
      this.#sent.set(key, settle);
      if (signal.aborted) return onAbort();
      const body = { kind: 'task', task: task as unknown as JsonValue, replyTo: reportQueue };
      // The queue knows 0 to 100; what is below waits with the rest.
      const priority = Math.max(0, Math.min(100, task.priority ?? 0));
      queue.send(`loom.actors.${task.actor}`, [{ body, dedupeId: key, priority }]).catch((error: unknown) => {
        settle({ kind: 'failed', error: errorRecord(error) });
      });
    });
  }

  #receive(body: JsonValue): void {
    const report = body as unknown as TaskReport;
    const settle = this.#sent.get(`${report.executionId}/${report.stage}/${report.index}/${report.token}`);
    if (settle !== undefined) settle(report.outcome);
    else
      this.#logger.debug('Late report dropped', {
        executionId: report.executionId,
        stage: report.stage,
        index: report.index,
      });
  }
}
