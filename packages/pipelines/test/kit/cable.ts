import { LoomError, type Consumer, type ExecutionStore, type MessageQueue } from '@certoai/loom-core';

/** The connection of one process to what it shares with others; cut, it is cut off or dead. */
export class Cable {
  readonly store: ExecutionStore;
  readonly queue: MessageQueue;
  readonly #consumers = new Set<Consumer>();
  #isCut = false;

  constructor(store: ExecutionStore, queue: MessageQueue) {
    this.store = this.#through(store, { outbox: store.outbox && this.#through(store.outbox) });
    this.queue = this.#through(queue, {
      consume: async (...args: Parameters<MessageQueue['consume']>) => {
        this.#check();
        const consumer = await queue.consume(...args);
        this.#consumers.add(consumer);
        return consumer;
      },
    });
  }

  /** Every call fails from now on; what is being delivered goes back, as when a lease ends. */
  cut(): void {
    this.#isCut = true;
    // Handlers may wait for the store for as long as the cable is cut.
    for (const consumer of this.#consumers) void consumer.close({ abort: true });
    this.#consumers.clear();
  }

  mend(): void {
    this.#isCut = false;
  }

  #through<Port extends object>(port: Port, own: object = {}): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (name !== 'close') this.#check();
          const reply: unknown = await (value as (...args: unknown[]) => unknown).apply(target, args);
          // Its answer is lost too.
          this.#check();
          return reply;
        };
      },
    });
  }

  #check(): void {
    if (this.#isCut) throw new LoomError('LOOM_STORE_FAILED', 'The connection is cut.');
  }
}
