import {
  actorQueueName,
  isLoomError,
  type ActorQueueBody,
  type ActorWorker,
  type Delivery,
  type TaskReport,
  type Verdict,
} from '@certoai/loom-core';
import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import type { InboxMessage } from './inbox.js';

export interface LocalTurnsOptions {
  readonly worker: ActorWorker;
  /** Gives a message to its execution, as an inbox does. */
  readonly deliver: (message: InboxMessage) => Promise<boolean>;
}

/**
 * Limited tasks without a queue to other processes: they take turns in a queue of this process. Nothing is
 * lost with it, because tasks follow from the stored state.
 */
export class LocalTurns {
  readonly queue = new InMemoryMessageQueue({ capacity: Number.MAX_SAFE_INTEGER });
  readonly #options: LocalTurnsOptions;
  readonly #served = new Set<string>();

  constructor(options: LocalTurnsOptions) {
    this.#options = options;
  }

  serve(actor: string): void {
    if (this.#served.has(actor)) return;
    this.#served.add(actor);
    // The worker has its own limit for each type; here only the groups' count.
    void this.queue.consume(actorQueueName(actor), (delivery) => this.#take(delivery), {
      concurrency: 10_000,
      maxDeliveries: Number.MAX_SAFE_INTEGER,
    });
  }

  close(): Promise<void> {
    return this.queue.close();
  }

  async #take({ body, signal }: Delivery): Promise<Verdict | void> {
    const { task } = body as unknown as Extract<ActorQueueBody, { readonly kind: 'task' }>;
    const { worker, deliver } = this.#options;
    const { executionId, stage, index, token, attempt } = task;
    const onProgress = (progress: unknown): void =>
      void deliver({ executionId, stage, index, token, progress: progress as never });
    const startedAt = performance.now();
    const outcome = await worker.run(task, { signal, onProgress });
    // Taken back, or this process ends: in both cases nobody waits for it.
    if (outcome.kind === 'aborted' || isLoomError(signal.reason, 'LOOM_CANCELLED')) return;
    const durationMs = Math.round(performance.now() - startedAt);
    const report: TaskReport = { executionId, stage, index, token, attempt, outcome, durationMs };
    await deliver(report);
  }
}
