import type { ExecutionEvent, JsonValue, Logger, MessageQueue } from '@certoai/loom-core';

/** What a queue of events carries. */
export interface EventsMessage {
  readonly events: readonly ExecutionEvent[];
}

/** Sent together at most. */
const batchSize = 500;
/** Waiting for one queue at most; what comes on top is lost. */
const maxWaiting = 10_000;

/** Tells other processes what happens here, one message at a time for each queue. What cannot be sent is lost. */
export class EventSender {
  readonly #queue: MessageQueue;
  readonly #logger: Logger;
  readonly #lines = new Map<string, JsonValue[]>();

  constructor(queue: MessageQueue, logger: Logger) {
    this.#queue = queue;
    this.#logger = logger;
  }

  send(to: string, event: ExecutionEvent): void {
    const body = asJson(event);
    if (body === undefined) return;
    const line = this.#lines.get(to);
    if (line === undefined) {
      const first = [body];
      this.#lines.set(to, first);
      queueMicrotask(() => void this.#sendAll(to, first));
    } else if (line.length < maxWaiting) line.push(body);
  }

  async #sendAll(to: string, line: JsonValue[]): Promise<void> {
    while (line.length > 0) {
      const events = line.splice(0, batchSize);
      try {
        await this.#queue.send(to, [{ body: { events } }]);
      } catch (error) {
        this.#logger.debug('Events could not be told to another process', { queue: to, error });
      }
    }
    this.#lines.delete(to);
  }
}

/** `undefined` for progress that is no JSON. */
function asJson(event: ExecutionEvent): JsonValue | undefined {
  try {
    return JSON.parse(JSON.stringify(event)) as JsonValue;
  } catch {
    return undefined;
  }
}
