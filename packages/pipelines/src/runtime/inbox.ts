import type {
  Consumer,
  ExecutionStore,
  JsonValue,
  Logger,
  MessageQueue,
  TaskProgress,
  TaskReport,
  Verdict,
} from '@certoai/loom-core';
import type { ControlRequest } from '../engine/decide.js';
import { isFinal } from '../engine/state.js';

/** What an orchestrator is sent: by workers about tasks, and by other orchestrators for their callers. */
export type InboxMessage = TaskReport | TaskProgress | ControlMessage | WatchMessage;

export interface ControlMessage {
  readonly executionId: string;
  readonly control: ControlRequest;
}

/** Asks the orchestrator of an execution to tell its events to a queue, for so long from now; milliseconds. */
export interface WatchMessage {
  readonly executionId: string;
  readonly watch: { readonly queue: string; readonly forMs: number };
}

export interface InboxOptions {
  readonly queue: MessageQueue;
  readonly store: ExecutionStore;
  readonly logger: Logger;
  /** That this orchestrator sits in. */
  readonly seat: () => number | undefined;
  /**
   * Gives a message to the execution if it lives here, and resolves when what it says is stored.
   * @returns whether the execution lives here and took the message
   */
  readonly deliver: (message: InboxMessage) => Promise<boolean>;
}

/** An execution that nobody holds now, or that is just coming to life, is asked again after this. */
const askAgainMs = 250;

/** The queue of the orchestrator in `seat`. */
export function inboxQueue(seat: number): string {
  return `loom.orchestrators.${seat}`;
}

/**
 * Takes what is sent to the seat of this orchestrator, and to seats that nobody sits in: those are of
 * orchestrators that ended. What is about an execution that lives elsewhere is sent on to where it lives.
 * A message is done with when its effect is stored, so none is lost with a process.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #consumers = new Map<number, Promise<Consumer>>();

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Serves these seats from now on, and no others. */
  async serve(seat: number, freeSeats: readonly number[]): Promise<void> {
    const wanted = new Set([seat, ...freeSeats]);
    const leaving = [...this.#consumers].filter(([known]) => !wanted.has(known));
    for (const [known] of leaving) this.#consumers.delete(known);
    const coming = [...wanted].filter((known) => !this.#consumers.has(known));
    await Promise.all([
      ...leaving.map(async ([, consumer]) => (await consumer).close()),
      ...coming.map((known) => this.#consume(known)),
    ]);
  }

  /** Tells the execution, wherever it lives, once it lives somewhere. */
  async send(seat: number | undefined, message: ControlMessage | WatchMessage): Promise<void> {
    await this.#options.queue.send(inboxQueue(seat ?? this.#options.seat() ?? 0), [
      { body: bodyOf(message) },
    ]);
  }

  async close(): Promise<void> {
    const consumers = [...this.#consumers.values()];
    this.#consumers.clear();
    await Promise.all(consumers.map(async (consumer) => (await consumer).close()));
  }

  async #consume(seat: number): Promise<void> {
    const { queue } = this.#options;
    const consumer = queue.consume(inboxQueue(seat), ({ body }) => this.#take(body, seat), {
      concurrency: 200,
      // It comes back until its execution has taken it: that is the only way for it to end.
      maxDeliveries: Number.MAX_SAFE_INTEGER,
    });
    this.#consumers.set(seat, consumer);
    try {
      await consumer;
    } catch (error) {
      if (this.#consumers.get(seat) === consumer) this.#consumers.delete(seat);
      throw error;
    }
  }

  async #take(body: JsonValue, seat: number): Promise<Verdict | void> {
    const messages = messagesOf(body);
    if (messages === undefined) return { kind: 'dead-letter', reason: 'Not a message for an orchestrator.' };
    const taken = await Promise.all(messages.map((message) => this.#takeOne(message)));
    const later = messages.filter((_, index) => taken[index] === false);
    if (later.length === 0) return;
    if (later.length === messages.length) return { kind: 'retry', delayMs: askAgainMs };
    const again = later.map((message) => ({ body: bodyOf(message), delayMs: askAgainMs }));
    await this.#options.queue.send(inboxQueue(seat), again);
  }

  /** @returns `false` when it has to be asked again */
  async #takeOne(message: InboxMessage): Promise<boolean> {
    if (await this.#options.deliver(message)) return true;
    // Progress that nobody here waits for is old.
    if ('progress' in message) return true;
    const { executionId } = message;
    const stored = await this.#options.store.load(executionId);
    if (stored === undefined || isFinal(stored.status)) return true;
    const { seat } = stored;
    // Who wants to hear of it asks again.
    if (seat === undefined || seat === this.#options.seat()) return 'watch' in message;
    this.#options.logger.debug('Message is sent on', { executionId, seat });
    await this.#options.queue.send(inboxQueue(seat), [{ body: bodyOf(message) }]);
    return true;
  }
}

/** As a queue carries it. */
function bodyOf(message: InboxMessage): JsonValue {
  return ('outcome' in message ? { reports: [message] } : message) as unknown as JsonValue;
}

/** `undefined` when it is not for an orchestrator. */
function messagesOf(body: unknown): readonly InboxMessage[] | undefined {
  if (!isObject(body)) return undefined;
  const { reports, executionId, control, watch } = body;
  if (Array.isArray(reports)) return reports.every(isReport) ? reports : undefined;
  const isWhole =
    typeof executionId === 'string' && (isObject(control) || isObject(watch) || 'progress' in body);
  return isWhole ? [body as unknown as InboxMessage] : undefined;
}

function isReport(value: unknown): value is TaskReport {
  return isObject(value) && typeof value['executionId'] === 'string' && isObject(value['outcome']);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
