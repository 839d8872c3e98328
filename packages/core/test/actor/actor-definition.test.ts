import { Actor, ActorRegistry } from '@certoai/loom-core';
import type { ActorContext, ActorSource } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { openWorker } from '../support/open-worker.ts';

class Doubling extends Actor<number> {
  onReceive(message: number): number {
    return message * 2;
  }
}
class OnlyProcess {
  process(message: number): number {
    return message * 2;
  }
}
class OnlyExecute {
  async execute(input: number, context: ActorContext): Promise<number> {
    return input * 2 * context.attempt;
  }
}
class NoParent {
  onReceive(message: number): number {
    return message * 2;
  }
}
class Inherits extends OnlyProcess {}

const accepted: readonly (readonly [what: string, source: ActorSource])[] = [
  ['a class that extends Actor', Doubling],
  ['a class with onReceive and no parent', NoParent],
  ['a class with process', OnlyProcess],
  ['a class that inherits its handler', Inherits],
  ['a class with execute', OnlyExecute],
  ['an instance of an Actor', new Doubling()],
  ['an instance with process', new OnlyProcess()],
  ['an instance with execute', new OnlyExecute()],
  ['an object with onReceive', { onReceive: (message: number) => message * 2 }],
  ['a frozen object with onReceive', Object.freeze({ onReceive: (message: number) => message * 2 })],
  ['a factory of an Actor', { create: () => new Doubling() }],
  ['a factory of an object with process', { create: () => new OnlyProcess() }],
  ['a factory of a function', { create: () => (message: number) => message * 2 }],
  ['a factory that takes its time', { create: async () => new OnlyExecute() }],
  ['a function', (message: number) => message * 2],
  ['an async function', async (message: number) => message * 2],
  [
    'a function of the old kind',
    function old(message: number) {
      return message * 2;
    },
  ],
  ['a bound method', new OnlyProcess().process.bind(new OnlyProcess())],
];

describe('an actor can be', () => {
  test.each(accepted)('%s: for messages and for tasks', async (_what, source) => {
    const { worker } = openWorker();
    worker.registerActor('double', source);
    expect(await worker.ask('double', 21)).toBe(42);
    const task = {
      executionId: 'e',
      stage: 's',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'double',
      input: 4,
      idempotencyKey: 'k',
    };
    expect(await worker.run(task)).toEqual({ kind: 'completed', output: '8' });
    expect(await worker.spawn(source).ask(3)).toBe(6);
  });
});

class FieldHandler {
  onReceive = (message: number): number => message;
}

const refused: readonly (readonly [source: unknown, named: string])[] = [
  [undefined, 'undefined'],
  [null, 'null'],
  [7, 'number'],
  ['actor', 'string'],
  [{}, 'an object without members'],
  [{ receive() {}, handle: 1 }, 'an object with receive, handle'],
  [[], 'an array'],
  [class Nothing {}, 'the class "Nothing"'],
  [FieldHandler, 'the class "FieldHandler"'],
  [{ onReceive: 'not a function' }, 'an object with onReceive'],
];

describe('what handles no messages is refused', () => {
  test.each(refused)('%o, by registerActor, spawn and a registry', (source, named) => {
    const { worker } = openWorker();
    const expected = expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(named) });
    expect(() => worker.registerActor('a', source as ActorSource)).toThrow(expected);
    expect(() => worker.spawn(source as ActorSource)).toThrow(expected);
    expect(() => new ActorRegistry().register('a', source as ActorSource)).toThrow(expected);
    expect(worker.has('a')).toBe(false);
  });

  test('the error lists what it can be', () => {
    const { worker } = openWorker();
    expect(() => worker.registerActor('pdf', {} as ActorSource)).toThrow(
      /actor type "pdf".*onReceive\(message\), execute\(input, context\) or process\(message\), a factory \{ create\(\) \}, or a function/,
    );
  });

  test('a factory that makes nothing usable fails its messages, and says what it made', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn({ create: () => ({}) as never }, { supervision: { onFailure: 'stop' } });
    await expect(ref.ask(1)).rejects.toMatchObject({ code: 'LOOM_ACTOR_STOPPED' });
    const run = await worker.run({
      executionId: 'e',
      stage: 's',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'broken',
      input: 1,
      idempotencyKey: 'k',
    });
    expect(run).toMatchObject({ kind: 'failed', error: { code: 'LOOM_UNKNOWN_ACTOR' } });
    worker.registerActor('broken', { create: async () => ({}) as never });
    const outcome = await worker.run({
      executionId: 'e',
      stage: 's',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'broken',
      input: 1,
      idempotencyKey: 'k',
    });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { name: 'TypeError', message: expect.stringContaining('an object without members') },
    });
  });
});

describe('a handler that is no Actor', () => {
  test('is called on its own object, with the context', async () => {
    const { worker } = openWorker();
    class Counter {
      total = 0;
      process(message: number, context: ActorContext): string {
        this.total += message;
        return `${context.path}: ${this.total}`;
      }
    }
    worker.registerActor('count', Counter);
    await worker.ask('count', 1);
    expect(await worker.ask('count', 2)).toBe('count: 3');
  });

  test('has its hooks called, all of them', async () => {
    const { worker, clock } = openWorker();
    const log: string[] = [];
    const handler = {
      onStart: (context: ActorContext) => {
        log.push('start');
        context.setReceiveTimeout(50);
        context.watch(context.spawn(() => undefined, { name: 'child' }));
      },
      process: (message: string, context: ActorContext) => {
        if (message === 'fail') throw new Error('boom');
        context.child('child')?.tell('x');
        void context.child('child')?.stop();
      },
      onTerminated: () => void log.push('terminated'),
      onReceiveTimeout: () => void log.push('timeout'),
      onRestart: () => void log.push('restart'),
      onStop: () => void log.push('stop'),
    };
    const ref = worker.spawn(handler);
    ref.tell('stop child');
    await settled();
    await clock.advance(50);
    ref.tell('fail');
    await settled();
    await ref.stop();
    expect(log).toEqual(['start', 'terminated', 'timeout', 'restart', 'start', 'stop']);
  });
});
