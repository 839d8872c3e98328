import assert from 'node:assert/strict';
import type { JsonValue } from '../../message/json.js';
import type { Consumer, Delivery, MessageQueue, Verdict } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { until, untilStats } from './observed-queue.js';

const maxDeliveries = 3;
const queues = ['first', 'second'] as const;
type QueueName = (typeof queues)[number];

/** What the handler does with one delivery. */
type Step = 'ack' | 'reject' | 'retry' | 'release' | 'bury';

/** The body says what is to happen to its message, one step a delivery; after the last one it is acknowledged. */
interface Plan {
  readonly [key: string]: JsonValue;
  readonly key: string;
  readonly steps: readonly Step[];
}

/** What the port says must come of a plan. */
interface Expected {
  /** The `attempt` of each delivery, in order. */
  readonly attempts: readonly number[];
  readonly dead: boolean;
}

/** Random messages, random handlers, random operators, from a seed; the end is compared with a model. */
export const randomCases: readonly ConformanceCase<MessageQueueHarness>[] = [1, 2, 3, 4, 5].map((seed) => ({
  name: `does what the model says, whatever happens (seed ${seed})`,
  run: (harness) => runScenario(harness, seed),
}));

async function runScenario(harness: MessageQueueHarness, seed: number): Promise<void> {
  await using queue = await harness.create();
  const random = seededRandom(seed);
  const scenario = new Scenario(harness, queue, random);
  for (let step = 0; step < 60; step += 1) await scenario.act();
  await scenario.finish();
}

class Scenario {
  readonly #harness: MessageQueueHarness;
  readonly #queue: MessageQueue;
  readonly #random: () => number;
  readonly #plans: Record<QueueName, Map<string, Plan>> = { first: new Map(), second: new Map() };
  readonly #ids = new Map<string, string>();
  readonly #seenIds = new Map<string, Set<string>>();
  readonly #attempts = new Map<string, number[]>();
  readonly #consumers: { readonly consumer: Consumer; readonly name: QueueName }[] = [];
  /** From here on everything is acknowledged. */
  #redriving = false;
  #failure: unknown;

  constructor(harness: MessageQueueHarness, queue: MessageQueue, random: () => number) {
    this.#harness = harness;
    this.#queue = queue;
    this.#random = random;
  }

  async act(): Promise<void> {
    const name = this.#pick(queues);
    const dice = this.#random();
    if (dice < 0.45) await this.#send(name);
    else if (dice < 0.6) await this.#consume(name);
    else if (dice < 0.7) await this.#closeConsumer();
    else if (dice < 0.78) await this.#queue.pause(name);
    else if (dice < 0.9) await this.#queue.resume(name);
    else await this.#harness.elapse(this.#upTo(20));
  }

  /** Lets everything come to its end, redrives what died, and compares. */
  async finish(): Promise<void> {
    for (const name of queues) {
      await this.#consume(name);
      await this.#queue.resume(name);
    }
    for (const name of queues) {
      const dead = this.#deadPlans(name).length;
      await untilStats(this.#harness, this.#queue, name, { ready: 0, delayed: 0, active: 0, dead });
      await this.#compare(name);
    }
    this.#redriving = true;
    for (const name of queues) {
      const dead = this.#deadPlans(name).length;
      assert.equal(await this.#queue.deadLetters.redrive(name), dead);
      await untilStats(this.#harness, this.#queue, name, { ready: 0, delayed: 0, active: 0, dead: 0 });
      for (const { key } of this.#deadPlans(name)) {
        assert.equal(this.#attempts.get(key)?.at(-1), 1, `message ${key} starts anew when it is redriven`);
      }
    }
    assert.equal(this.#failure, undefined);
  }

  async #send(name: QueueName): Promise<void> {
    const plans = Array.from({ length: this.#upTo(5) }, () => this.#makePlan());
    const doubled = this.#random() < 0.3 ? this.#pick(plans) : undefined;
    const messages = [...plans, ...(doubled ? [doubled] : [])].map((plan) => ({
      body: plan,
      dedupeId: plan.key,
      priority: this.#upTo(3) - 1,
      delayMs: this.#random() < 0.3 ? this.#upTo(60) : 0,
    }));
    for (const plan of plans) this.#plans[name].set(plan.key, plan);
    const ids = await this.#queue.send(name, messages);
    assert.equal(ids.length, messages.length);
    for (const [index, plan] of plans.entries()) this.#ids.set(plan.key, ids[index] as string);
    if (doubled) assert.equal(ids.at(-1), this.#ids.get(doubled.key), 'a doubled message has the first id');
  }

  #makePlan(): Plan {
    const steps = Array.from({ length: this.#upTo(5) - 1 }, () =>
      this.#pick(['ack', 'reject', 'reject', 'retry', 'release', 'bury'] as const),
    );
    return { key: `message-${Math.floor(this.#random() * 1e9)}`, steps };
  }

  async #consume(name: QueueName): Promise<void> {
    const concurrency = this.#upTo(4);
    let running = 0;
    const handler = async (delivery: Delivery): Promise<Verdict | void> => {
      running += 1;
      if (running > concurrency)
        this.#failure ??= new Error(`${running} deliveries at once, ${concurrency} allowed`);
      if (this.#random() < 0.5) await this.#harness.elapse(1);
      running -= 1;
      return this.#handle(name, delivery);
    };
    const consumer = await this.#queue.consume(name, handler, {
      concurrency,
      maxDeliveries,
      retryDelayMs: 5,
    });
    this.#consumers.push({ consumer, name });
  }

  #handle(name: QueueName, { body, attempt, id, queue }: Delivery): Verdict | undefined {
    const { key, steps } = body as unknown as Plan;
    if (queue !== name || !this.#plans[name].has(key)) this.#failure ??= new Error(`${key} came to ${name}`);
    this.#seenIds.set(key, (this.#seenIds.get(key) ?? new Set()).add(id));
    const attempts = this.#attempts.get(key) ?? [];
    this.#attempts.set(key, [...attempts, attempt]);
    return this.#redriving ? undefined : verdictOf(steps[attempts.length]);
  }

  async #closeConsumer(): Promise<void> {
    const last = this.#consumers.pop();
    if (last === undefined) return;
    let closed = false;
    void last.consumer.close().then(() => {
      closed = true;
    });
    await until(this.#harness, 'a consumer to close', () => closed);
  }

  async #compare(name: QueueName): Promise<void> {
    for (const plan of this.#plans[name].values()) {
      const { attempts } = expectedOf(plan);
      assert.deepEqual(this.#attempts.get(plan.key), attempts, `deliveries of ${JSON.stringify(plan)}`);
      assert.deepEqual(
        [...(this.#seenIds.get(plan.key) ?? [])],
        [this.#ids.get(plan.key)],
        'the id of every delivery',
      );
    }
    const { items } = await this.#queue.deadLetters.list(name, { limit: 1_000 });
    const deadIds = this.#deadPlans(name).map(({ key }) => this.#ids.get(key));
    assert.equal(items.length, deadIds.length);
    assert.deepEqual(new Set(items.map(({ id }) => id)), new Set(deadIds));
  }

  #deadPlans(name: QueueName): readonly Plan[] {
    return [...this.#plans[name].values()].filter((plan) => expectedOf(plan).dead);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }

  /** 1 to `most`. */
  #upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }
}

/** The model: what the port says of one message alone. */
function expectedOf({ steps }: Plan): Expected {
  const attempts: number[] = [];
  let attempt = 1;
  for (const step of [...steps, 'ack' as const]) {
    attempts.push(attempt);
    if (step === 'ack') return { attempts, dead: false };
    if (step === 'bury' || (step !== 'release' && attempt === maxDeliveries)) return { attempts, dead: true };
    if (step !== 'release') attempt += 1;
  }
  return { attempts, dead: false };
}

function verdictOf(step: Step | undefined): Verdict | undefined {
  switch (step) {
    case undefined:
    case 'ack':
      return undefined;
    case 'reject':
      throw new Error('rejected by plan');
    case 'retry':
      return { kind: 'retry', delayMs: 3 };
    case 'release':
      return { kind: 'release' };
    case 'bury':
      return { kind: 'dead-letter', reason: 'buried by plan' };
  }
}

/** mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
