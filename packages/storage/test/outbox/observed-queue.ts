import type { JsonValue, OutgoingMessage } from '@certoai/loom-core';
import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';

/** A queue in memory that can be told to fail, and says what it stored. */
export class ObservedQueue extends InMemoryMessageQueue {
  /** What is thrown for these messages, if anything. */
  refuse: (queue: string, messages: readonly OutgoingMessage[]) => unknown = () => undefined;
  sends = 0;
  readonly #stored = new Map<string, { readonly queue: string; readonly body: JsonValue }>();

  override async send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly string[]> {
    this.sends += 1;
    const error = this.refuse(queue, messages);
    if (error !== undefined) throw error;
    const ids = await super.send(queue, messages);
    for (const [place, id] of ids.entries()) {
      if (!this.#stored.has(id))
        this.#stored.set(id, { queue, body: (messages[place] as OutgoingMessage).body });
    }
    return ids;
  }

  /** In the order they were stored; one that was known is not there twice. */
  bodies(queue: string): readonly JsonValue[] {
    return [...this.#stored.values()].filter((one) => one.queue === queue).map(({ body }) => body);
  }
}
