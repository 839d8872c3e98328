// Samples of the founding document as they stand there, and what follows from them. Never run: the type
// check is the test.
import { Actor, ActorRegistry, ActorWorker } from '@certoai/loom-core';
import type {
  ActorContext,
  ActorRef,
  Message,
  MessageEnvelope,
  MessageQueue,
  TaskContext,
  TaskOutcome,
  TaskRequest,
} from '@certoai/loom-core';

// Pattern 3: core only.
class MyActor extends Actor {
  // oxlint-disable-next-line no-unused-vars -- as the sample has it
  async onReceive(message: any) {
    // Handle message
  }
}

export async function pattern3(): Promise<void> {
  const worker = new ActorWorker('my-worker');
  worker.registerActor('my-actor', MyActor);
  await worker.start();
}

// Example 3, and the migration guide: classes that only have `process`, and their instances.
class PaymentProcessor {
  async process(message: { amount: number }): Promise<number> {
    return message.amount;
  }
}

export async function example3(queue: MessageQueue, registry: ActorRegistry): Promise<void> {
  await using worker = new ActorWorker('payment-service', { queue, registry, concurrency: 10 });
  worker.registerActor('payment-processor', PaymentProcessor);
  worker.registerActor('one-of-them', new PaymentProcessor());
  await worker.start();
}

// Other forms of an actor.
type Count = { readonly type: 'add'; readonly n: number } | { readonly type: 'read' };
class Counter extends Actor<Count> {
  #n = 0;
  override onStart(context: ActorContext): void {
    context.setReceiveTimeout(1_000);
  }
  onReceive(message: Count, { self }: ActorContext): number {
    self satisfies ActorRef<Count>;
    return message.type === 'add' ? (this.#n += message.n) : this.#n;
  }
}
class Executor {
  execute(input: { path: string }, context: TaskContext): string {
    return input.path + context.idempotencyKey;
  }
}

export async function forms(worker: ActorWorker, task: TaskRequest): Promise<void> {
  worker.registerActor('counter', Counter, {
    concurrency: 2,
    metadata: { owner: 'us' },
    passivateAfterMs: 1_000,
  });
  worker.registerActor('executor', Executor);
  worker.registerActor('factory', { create: () => new Counter() });
  worker.registerActor('async-factory', { create: async () => new Executor() });
  worker.registerActor('function', (input: { n: number }) => input.n);
  worker.registerActor('async-function', async (input: string, { signal, attempt }) => [
    input,
    signal.aborted,
    attempt,
  ]);
  const { replaced } = worker.registerActor('counter', Counter);
  replaced satisfies boolean;

  const reply = await worker.ask<number>('counter', { type: 'read' }, { key: 'a', timeoutMs: 100 });
  reply satisfies number;
  await worker.tell('counter', { type: 'add', n: 1 }, { key: 'a' });
  const ref: ActorRef<Count> = worker.actorOf('counter', 'a');
  ref.tell({ type: 'add', n: 1 });
  // @ts-expect-error -- no such message
  ref.tell({ type: 'multiply' });

  const outcome: TaskOutcome | Promise<TaskOutcome> = worker.run(task, {
    signal: new AbortController().signal,
  });
  void outcome;
  const { running, waiting, limit } = worker.activity()['counter'] ?? { running: 0, waiting: 0, limit: 0 };
  [running, waiting, limit] satisfies number[];
}

export const message: Message = { any: ['json', 1, null, true] };
export const envelope: MessageEnvelope<Count> = {
  id: '1',
  to: 'counter/a',
  body: { type: 'read' },
  correlationId: '1',
  headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  priority: 0,
  createdAt: 0,
};

class NeedsArguments extends Actor {
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
  }
  onReceive(): void {}
}
declare const open: ActorWorker;
// @ts-expect-error -- the runtime constructs it without arguments: register a factory
open.registerActor('needs-arguments', NeedsArguments);
open.registerActor('has-arguments', { create: () => new NeedsArguments('https://example.com') });
// @ts-expect-error -- nothing that handles messages
open.registerActor('nothing', { hello: 'world' });
