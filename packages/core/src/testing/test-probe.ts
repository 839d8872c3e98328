import type { ActorRef } from '../actor/actor-ref.js';
import type { ActorContext } from '../actor/context.js';
import { LoomError } from '../errors/loom-error.js';
import type { ActorWorker } from '../worker/actor-worker.js';
import { settled } from './manual-clock.js';

/** An actor that answers nothing and remembers everything, to stand where a test wants to look. */
export class TestProbe {
  /** Give this to the actors under test. */
  readonly ref: ActorRef;
  readonly #watcher: Recorder;
  readonly #messages: unknown[] = [];
  readonly #terminated: ActorRef[] = [];
  readonly #timeoutMs: number;
  readonly #waiting = new Set<() => void>();

  /** @param options.timeoutMs - real time until an expectation that is not met rejects; milliseconds. @default 1_000 */
  constructor(worker: ActorWorker, { timeoutMs = 1_000 }: { readonly timeoutMs?: number | undefined } = {}) {
    this.#timeoutMs = timeoutMs;
    this.#watcher = new Recorder(
      (message) => this.#record(this.#messages, message),
      (ref) => this.#record(this.#terminated, ref),
    );
    this.ref = worker.spawn(this.#watcher);
  }

  /** What came and was not taken yet. */
  get messages(): readonly unknown[] {
    return this.#messages;
  }

  /** Takes the next message; waits for it when there is none. */
  next<Message = unknown>(): Promise<Message> {
    return this.#take(this.#messages, 'message') as Promise<Message>;
  }

  /** From now on, {@link terminated} sees when `ref` stops. */
  watch(ref: ActorRef): void {
    this.#watcher.context.watch(ref);
  }

  /** Takes the ref of the next watched actor that has stopped. */
  terminated(): Promise<ActorRef> {
    return this.#take(this.#terminated, 'watched actor stopped') as Promise<ActorRef>;
  }

  /** Rejects when a message is there, or comes while everything that can happen now does. */
  async expectNothing(): Promise<void> {
    await settled();
    if (this.#messages.length === 0) return;
    throw new LoomError(
      'LOOM_CONFLICT',
      `The probe has ${this.#messages.length} messages where none was expected.`,
    );
  }

  #record(list: unknown[], item: unknown): void {
    list.push(item);
    for (const wake of [...this.#waiting]) wake();
  }

  #take(list: unknown[], what: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (list.length === 0) return;
        end();
        resolve(list.shift());
      };
      const late = (): void => {
        end();
        reject(
          new LoomError('LOOM_TIMEOUT', `No ${what} within ${this.#timeoutMs} ms.`, {
            timeoutMs: this.#timeoutMs,
          }),
        );
      };
      // Real time: the worker's may stand still.
      const timer = setTimeout(late, this.#timeoutMs);
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

class Recorder {
  declare readonly context: ActorContext;
  readonly #onMessage: (message: unknown) => void;
  readonly #onEnd: (ref: ActorRef) => void;

  constructor(onMessage: (message: unknown) => void, onEnd: (ref: ActorRef) => void) {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
  }
  onReceive(message: unknown): void {
    this.#onMessage(message);
  }
  onTerminated(ref: ActorRef): void {
    this.#onEnd(ref);
  }
}
