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
export type InboxMessage = TaskReport | TaskProgress | ControlMessage;

export interface ControlMessage {
  readonly executionId: string;
  readonly control: ControlRequest;
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
  async send(seat: number | undefined, message: ControlMessage): Promise<void> {
    const body = message as unknown as JsonValue;
    await this.#options.queue.send(inboxQueue(seat ?? this.#options.seat() ?? 0), [{ body }]);
  }

  async close(): Promise<void> {
    const consumers = [...this.#consumers.values()];
    this.#consumers.clear();
    await Promise.all(consumers.map(async (consumer) => (await consumer).close()));
  }

  async #consume(seat: number): Promise<void> {
    const { queue } = this.#options;
    const consumer = queue.consume(inboxQueue(seat), ({ body }) => this.#take(body), {
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

  async #take(body: JsonValue): Promise<Verdict | void> {
    if (!isInboxMessage(body)) return { kind: 'dead-letter', reason: 'Not a message for an orchestrator.' };
    if (await this.#options.deliver(body)) return;
    // Progress that nobody here waits for is old.
    if ('progress' in body) return;
    const stored = await this.#options.store.load(body.executionId);
    if (stored === undefined || isFinal(stored.status)) return;
    const { seat } = stored;
    if (seat === undefined || seat === this.#options.seat()) return { kind: 'retry', delayMs: askAgainMs };
    this.#options.logger.debug('Message is sent on', { executionId: body.executionId, seat });
    await this.#options.queue.send(inboxQueue(seat), [{ body }]);
  }
}

function isInboxMessage(body: unknown): body is InboxMessage & JsonValue {
  if (typeof body !== 'object' || body === null) return false;
  const message = body as Partial<Record<'executionId' | 'outcome' | 'progress' | 'control', unknown>>;
  const { executionId, outcome, control } = message;
  return (
    typeof executionId === 'string' &&
    ((typeof outcome === 'object' && outcome !== null) ||
      (typeof control === 'object' && control !== null) ||
      'progress' in message)
  );
}
