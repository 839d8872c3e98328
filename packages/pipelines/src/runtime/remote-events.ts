import type { Clock, Consumer, ExecutionEvent, Logger, MessageQueue } from '@certoai/loom-core';
import type { EventsMessage } from './event-sender.js';
import type { Inbox } from './inbox.js';
import type { LiveExecution } from './live-execution.js';

export interface RemoteEventsOptions {
  readonly queue: MessageQueue;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly logger: Logger;
  /** That nobody had before. */
  readonly name: string;
}

type Listener = (event: ExecutionEvent) => void;

interface Watch {
  readonly listeners: Set<Listener>;
  /** Who was asked last, and when. */
  seat: number | undefined;
  askedAt: number;
  /** What others tell of it now is heard here already. */
  isHere: boolean;
}

/** How long the orchestrator of an execution tells its events after it was asked to; milliseconds. */
const forMs = 60_000;
const renewMs = forMs / 3;

/**
 * Hears what happens to executions that other orchestrators serve: those tell it to a queue of this process for as
 * long as they are asked to. While an execution moves from one to another, events are missed.
 */
export class RemoteEvents {
  readonly #options: RemoteEventsOptions;
  /** Temporary, by the contract of queues. */
  readonly #queueName: string;
  readonly #watches = new Map<string, Watch>();
  #consumer: Promise<Consumer> | undefined;

  constructor(options: RemoteEventsOptions) {
    this.#options = options;
    this.#queueName = `loom.replies.${options.name}`;
  }

  /** Tells `listener` from when the orchestrator of the execution hears of it. */
  listen(executionId: string, listener: Listener): () => void {
    const watch = this.#watches.get(executionId) ?? this.#begin(executionId);
    watch.listeners.add(listener);
    return () => {
      watch.listeners.delete(listener);
      if (watch.listeners.size === 0) this.#watches.delete(executionId);
    };
  }

  /** Somebody has looked: an execution is served in `seat`. */
  seen(executionId: string, seat: number | undefined): void {
    const watch = this.#watches.get(executionId);
    if (watch === undefined || seat === undefined) return;
    watch.isHere = false;
    const now = this.#options.clock.now();
    if (seat === watch.seat && now - watch.askedAt < renewMs) return;
    watch.seat = seat;
    watch.askedAt = now;
    void this.#ask(executionId, seat);
  }

  /** Somebody has looked: an execution lives in this process by now. */
  livesHere(live: Pick<LiveExecution, 'id' | 'listen'>): void {
    const watch = this.#watches.get(live.id);
    if (watch === undefined) return;
    watch.isHere = true;
    live.listen((event) => this.#tell(event));
  }

  async close(): Promise<void> {
    this.#watches.clear();
    await (await this.#consumer?.catch(() => undefined))?.close();
  }

  #begin(executionId: string): Watch {
    const watch: Watch = {
      listeners: new Set(),
      seat: undefined,
      askedAt: -Infinity,
      isHere: false,
    };
    this.#watches.set(executionId, watch);
    return watch;
  }

  async #ask(executionId: string, seat: number): Promise<void> {
    try {
      // One message at a time, so that events keep their order.
      this.#consumer ??= this.#options.queue.consume(this.#queueName, async ({ body }) => this.#take(body));
      await this.#consumer;
      await this.#options.inbox.send(seat, { executionId, watch: { queue: this.#queueName, forMs } });
    } catch (error) {
      this.#options.logger.debug('Events of an execution elsewhere are not heard; trying again', {
        executionId,
        error,
      });
      this.#consumer = undefined;
      const watch = this.#watches.get(executionId);
      if (watch !== undefined) watch.seat = undefined;
    }
  }

  #take(body: unknown): void {
    const { events = [] } = (body ?? {}) as Partial<EventsMessage>;
    for (const event of events) if (this.#watches.get(event.executionId)?.isHere === false) this.#tell(event);
  }

  #tell(event: ExecutionEvent): void {
    for (const listener of this.#watches.get(event.executionId)?.listeners ?? []) listener(event);
  }
}
