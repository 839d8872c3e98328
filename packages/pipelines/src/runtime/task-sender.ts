import {
  backoffDelay,
  errorRecord,
  isLoomError,
  type Clock,
  type ErrorRecord,
  type Logger,
  type LoomErrorCode,
  type MessageQueue,
  type Random,
} from '@certoai/loom-core';
import { Patience } from './patience.js';
import type { SentTask } from './sent-task.js';

export interface TaskSenderOptions {
  readonly queue: MessageQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Queue that reports go to. */
  readonly replyTo: () => string;
}

/** Sent together at most; a queue stores what is sent together all or none. */
const batchSize = 500;
/** The same message would be refused again. */
const hopeless: readonly LoomErrorCode[] = [
  'LOOM_NOT_SERIALISABLE',
  'LOOM_PAYLOAD_TOO_LARGE',
  'LOOM_INVALID_OPTION',
];
const backoff = { backoff: 'exponential', initialDelayMs: 100, maxDelayMs: 5_000, jitter: true } as const;

/**
 * Brings tasks to their queues and takes them back, however long a queue is away: one call at a time for
 * each queue, with everything that has come together meanwhile.
 */
export class TaskSender {
  readonly #options: TaskSenderOptions;
  readonly #lines = new Map<string, Line>();
  #closed = false;

  constructor(options: TaskSenderOptions) {
    this.#options = options;
  }

  send(sent: SentTask): void {
    const line = this.#line(sent.queue);
    line.tasks.push(sent);
    this.#start(line);
  }

  /** What waits is never run; code that runs sees its signal aborted. */
  withdraw(sent: SentTask): void {
    if (sent.isWithdrawn) return;
    sent.isWithdrawn = true;
    // One that is being sent is taken back when it has arrived.
    if (sent.messageId === undefined) return;
    const line = this.#line(sent.queue);
    line.withdrawn.push(sent.messageId);
    this.#start(line);
  }

  /** Why `queue` takes no tasks just now. */
  failure(queue: string): ErrorRecord | undefined {
    return this.#lines.get(queue)?.failure;
  }

  /** Why any of the queues takes nothing just now. */
  get anyFailure(): ErrorRecord | undefined {
    for (const { failure } of this.#lines.values()) if (failure !== undefined) return failure;
    return undefined;
  }

  close(): void {
    this.#closed = true;
    for (const { cancelWait } of this.#lines.values()) cancelWait?.();
    this.#lines.clear();
  }

  #line(queue: string): Line {
    let line = this.#lines.get(queue);
    if (line === undefined) this.#lines.set(queue, (line = new Line(queue, this.#options.clock)));
    return line;
  }

  #start(line: Line): void {
    if (line.busy) return;
    line.busy = true;
    queueMicrotask(() => void this.#work(line));
  }

  async #work(line: Line): Promise<void> {
    let failures = 0;
    while (!this.#closed && line.hasWork) {
      try {
        if (line.withdrawn.length > 0) await line.patience.during(this.#takeBack(line));
        if (line.tasks.length > 0) await line.patience.during(this.#sendSome(line));
        line.refusal = undefined;
        failures = 0;
      } catch (error) {
        if (this.#closed || isLoomError(error, 'LOOM_CLOSED')) break;
        if (failures === 0)
          this.#options.logger.error('Queue takes no tasks; trying again', { queue: line.queue, error });
        line.refusal = errorRecord(error);
        failures += 1;
        await this.#wait(line, backoffDelay(backoff, failures, this.#options.random));
      }
    }
    line.busy = false;
  }

  async #takeBack(line: Line): Promise<void> {
    const ids = line.withdrawn.slice(0, batchSize);
    await this.#options.queue.withdraw(line.queue, ids);
    line.withdrawn.splice(0, ids.length);
  }

  async #sendSome(line: Line): Promise<void> {
    const wanted = line.tasks.filter(({ isWithdrawn }) => !isWithdrawn);
    line.tasks = wanted;
    const batch = wanted.slice(0, line.oneByOne > 0 ? 1 : batchSize);
    if (batch.length === 0) return;
    try {
      const messages = batch.map((sent) => sent.message(this.#options.replyTo()));
      const ids = await this.#options.queue.send(line.queue, messages);
      batch.forEach((sent, position) => {
        sent.messageId = ids[position];
        if (sent.isWithdrawn && sent.messageId !== undefined) line.withdrawn.push(sent.messageId);
      });
    } catch (error) {
      if (!hopeless.some((code) => isLoomError(error, code))) throw error;
      // One of them cannot be sent: that one is found by sending each alone.
      if (batch.length > 1) return void (line.oneByOne = batch.length);
      batch[0]?.refuse(error);
    }
    line.tasks.splice(0, batch.length);
    line.oneByOne = Math.max(0, line.oneByOne - batch.length);
  }

  #wait(line: Line, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(delayMs, resolve);
      line.cancelWait = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** What waits for one queue. */
class Line {
  readonly queue: string;
  tasks: SentTask[] = [];
  readonly withdrawn: string[] = [];
  busy = false;
  /** As many of the next tasks are sent each alone. */
  oneByOne = 0;
  readonly patience: Patience;
  /** Why the last call failed, until one succeeds. */
  refusal: ErrorRecord | undefined;
  cancelWait: (() => void) | undefined;

  constructor(queue: string, clock: Clock) {
    this.queue = queue;
    this.patience = new Patience('queue', clock);
  }

  get failure(): ErrorRecord | undefined {
    return this.refusal ?? this.patience.failure;
  }

  get hasWork(): boolean {
    return this.tasks.length > 0 || this.withdrawn.length > 0;
  }
}
