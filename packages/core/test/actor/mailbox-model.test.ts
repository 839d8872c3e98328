import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Actor, isLoomError, type ActorContext } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { createTestWorker } from '../support/test-worker.ts';

// One actor and a model of it get the same random program: messages that add, set aside, let go, wait and
// fail, in any order, with what was sent while it was busy. Both must do, answer and drop the same.

type Body = 'open' | 'close' | 'fail' | 'block' | number;
type Step = { readonly do: 'ask'; readonly body: Body } | { readonly do: 'settle' | 'unblock' };
type Directive = 'restart' | 'resume' | 'stop';
type Overflow = 'reject' | 'drop-newest' | 'drop-oldest';

interface Message {
  readonly id: number;
  readonly body: Body;
}
/** By the id of the message: what was answered, or the reason why not. */
type Answers = Map<number, unknown>;

const bodies = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom('open' as const, 'close' as const, 'fail' as const, 'block' as const),
  },
);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const), body: bodies }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'unblock' as const) }) },
  ),
  { maxLength: 60 },
);
const settings = fc.record({
  directive: fc.constantFrom<Directive>('restart', 'resume', 'stop'),
  overflow: fc.constantFrom<Overflow>('reject', 'drop-newest', 'drop-oldest'),
  capacity: fc.integer({ min: 1, max: 6 }),
});
type Settings = typeof settings extends fc.Arbitrary<infer Value> ? Value : never;

class Model {
  readonly answers: Answers = new Map();
  readonly #settings: Settings;
  #mail: Message[] = [];
  #stash: Message[] = [];
  #sum = 0;
  #isClosed = false;
  #isBlocked = false;
  #isStopped = false;

  constructor(given: Settings) {
    this.#settings = given;
  }

  ask(message: Message): void {
    const { capacity, overflow } = this.#settings;
    if (this.#isStopped) return this.#drop('LOOM_ACTOR_STOPPED', message);
    if (this.#mail.length < capacity) return void this.#mail.push(message);
    if (overflow !== 'drop-oldest') return this.#drop('LOOM_MAILBOX_FULL', message);
    this.#drop('LOOM_MAILBOX_FULL', this.#mail.shift() as Message);
    this.#mail.push(message);
  }

  settle(): void {
    while (!this.#isBlocked && !this.#isStopped) {
      const message = this.#mail.shift();
      if (!message) return;
      this.#handle(message);
    }
  }

  unblock(): void {
    this.#isBlocked = false;
  }

  stop(): void {
    this.#isStopped = true;
    for (const message of [...this.#mail, ...this.#stash]) this.#drop('LOOM_ACTOR_STOPPED', message);
  }

  #handle(message: Message): void {
    const { id, body } = message;
    if (this.#isClosed && body !== 'open') return void this.#stash.push(message);
    if (body === 'fail') return this.#fail(id);
    this.answers.set(id, typeof body === 'number' ? (this.#sum += body) : body);
    if (body === 'open') this.#letGo();
    if (body === 'close') this.#isClosed = true;
    if (body === 'block') this.#isBlocked = true;
  }

  #fail(id: number): void {
    this.answers.set(id, 'boom');
    if (this.#settings.directive === 'stop') return this.stop();
    if (this.#settings.directive === 'resume') return;
    this.#sum = 0;
    this.#letGo();
  }

  #letGo(): void {
    this.#isClosed = false;
    this.#mail = [...this.#stash, ...this.#mail];
    this.#stash = [];
  }

  #drop(code: string, { id }: Message): void {
    this.answers.set(id, code);
  }
}

/** The gate that `block` waits at; of one test program. */
class Gate {
  #open: () => void = () => {};
  wait(): Promise<void> {
    return new Promise((resolve) => (this.#open = resolve));
  }
  open(): void {
    this.#open();
  }
}

function actorFor(gate: Gate): new () => Actor<Body> {
  return class Machine extends Actor<Body> {
    #sum = 0;
    onReceive(body: Body, context: ActorContext): unknown {
      if (body === 'fail') throw new Error('boom');
      if (body === 'block') return gate.wait().then(() => body);
      if (body === 'close') context.become((message: Body) => this.#closed(message, context));
      if (body === 'open') context.unstashAll();
      return typeof body === 'number' ? (this.#sum += body) : body;
    }
    #closed(body: Body, context: ActorContext): unknown {
      if (body !== 'open') return context.stash();
      context.unbecome();
      context.unstashAll();
      return body;
    }
  };
}

async function runProgram(
  program: readonly Step[],
  given: Settings,
): Promise<{ actual: Answers; expected: Answers }> {
  await using system = createTestWorker();
  const gate = new Gate();
  const model = new Model(given);
  const actual: Answers = new Map();
  const { capacity, directive, overflow } = given;
  const ref = system.worker.spawn(actorFor(gate), {
    mailbox: { capacity, overflow },
    supervision: { onFailure: directive, backoff: { backoff: 'fixed', initialDelayMs: 0 } },
  });
  const settle = async (): Promise<void> => {
    await settled();
    model.settle();
  };
  let id = 0;
  for (const step of program) {
    if (step.do === 'ask') {
      const message = { id: id++, body: step.body };
      ref.ask(message.body).then(
        (value) => actual.set(message.id, value),
        (error: Error) => actual.set(message.id, isLoomError(error) ? error.code : error.message),
      );
      model.ask(message);
    } else if (step.do === 'settle') {
      await settle();
    } else {
      gate.open();
      model.unblock();
      await settle();
    }
  }
  // Once for each that may block, and once to come to the first.
  for (let n = 0; n <= program.length; n++) {
    gate.open();
    model.unblock();
    await settle();
  }
  await ref.stop();
  model.stop();
  await settled();
  return { actual, expected: model.answers };
}

test('an actor does what the model of it does', async () => {
  await fc.assert(
    fc.asyncProperty(steps, settings, async (program, given) => {
      const { actual, expected } = await runProgram(program, given);
      expect([...actual].sort(([a], [b]) => a - b)).toEqual([...expected].sort(([a], [b]) => a - b));
    }),
    { numRuns: 300 },
  );
});

test('every ask is answered once, even when all is stopped in the middle', async () => {
  await fc.assert(
    fc.asyncProperty(steps, settings, fc.nat(20), async (program, given, stopAfter) => {
      await using system = createTestWorker();
      const gate = new Gate();
      const ref = system.worker.spawn(actorFor(gate), { mailbox: { capacity: given.capacity } });
      let asked = 0;
      let answered = 0;
      const count = (): void => void answered++;
      for (const [n, step] of program.entries()) {
        if (n === stopAfter) void ref.stop();
        if (step.do === 'ask') {
          asked++;
          ref.ask(step.body).then(count, count);
        } else {
          gate.open();
          await settled(1);
        }
      }
      gate.open();
      await ref.stop();
      await settled();
      expect(answered).toBe(asked);
    }),
    { numRuns: 200 },
  );
});
