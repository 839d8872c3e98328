import type { JsonValue, TaskOutcome } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gate, openWorker } from '../support/open-worker.ts';
import { completed, outcomesOf, task } from '../support/task.ts';

describe('the tasks of one type', () => {
  test.each([1, 2, 7])('run at most %i at a time, and all of it is used', async (concurrency) => {
    const { worker } = openWorker();
    let [running, most] = [0, 0];
    worker.registerActor(
      'a',
      async (input: number) => {
        most = Math.max(most, ++running);
        await settled(1);
        running--;
        return input;
      },
      { concurrency },
    );
    const outcomes = await outcomesOf(Array.from({ length: 30 }, (_, input) => worker.run(task({ input }))));
    expect(outcomes).toEqual(Array.from({ length: 30 }, (_, i) => completed(i)));
    expect(most).toBe(concurrency);
  });

  test('run as many as the worker says where the registration does not', () => {
    const { worker } = openWorker({ concurrency: 3 });
    worker.registerActor('a', () => new Promise(() => {}));
    for (let i = 0; i < 5; i++) void worker.run(task());
    expect(worker.activity()).toEqual({ a: { running: 3, waiting: 2, limit: 3 } });
    const other = openWorker();
    other.worker.registerActor('a', () => 1, { concurrency: undefined });
    void other.worker.run(task());
    expect(other.worker.activity()).toEqual({ a: { running: 0, waiting: 0, limit: 100 } });
  });

  test('wait in the order they came, higher priority first', async () => {
    const { worker } = openWorker();
    const order: JsonValue[] = [];
    const hold = gate();
    worker.registerActor(
      'a',
      async (input: JsonValue) => {
        if (input === 'first') await hold.opened;
        order.push(input);
      },
      { concurrency: 1 },
    );
    const runs = [
      ['first', 0],
      ['a0', 0],
      ['b5', 5],
      ['c0', undefined],
      ['d9', 9],
      ['e5', 5],
      ['f-1', -1],
    ] as const;
    const all = runs.map(([input, priority]) => worker.run(task({ input, priority })));
    hold.open();
    await outcomesOf(all);
    expect(order).toEqual(['first', 'd9', 'b5', 'e5', 'a0', 'c0', 'f-1']);
  });

  test('go on when the limit is raised, and with the new handler', async () => {
    const { worker } = openWorker();
    const hold = gate();
    worker.registerActor('a', () => hold.opened.then(() => 'old'), { concurrency: 1 });
    const runs = [1, 2, 3].map(() => worker.run(task()));
    worker.registerActor('a', async () => 'new', { concurrency: 2 });
    expect(await outcomesOf(runs.slice(1))).toEqual([completed('new'), completed('new')]);
    hold.open();
    expect(await runs[0]).toEqual(completed('old'));
  });

  test('that end at once do not pile up on the stack', async () => {
    const { worker } = openWorker();
    const hold = gate();
    let first = true;
    worker.registerActor(
      'a',
      (input: number) => {
        if (!first) return input;
        first = false;
        return hold.opened;
      },
      { concurrency: 1 },
    );
    const runs = Array.from({ length: 20_000 }, (_, input) => worker.run(task({ input })));
    hold.open();
    const outcomes = await outcomesOf(runs);
    expect(outcomes.at(-1)).toEqual(completed(19_999));
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity, 10_001, '1', null])(
    'cannot run %s at a time',
    (concurrency) => {
      const { worker } = openWorker();
      const refusal = expect.objectContaining({ code: 'LOOM_INVALID_OPTION' });
      expect(() => worker.registerActor('a', () => 1, { concurrency: concurrency as number })).toThrow(
        refusal,
      );
      expect(() => openWorker({ concurrency: concurrency as number })).toThrow(refusal);
    },
  );

  test('never begin twice or get lost, by priority and order, whatever is aborted meanwhile', async () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('run' as const), priority: fc.integer({ min: 0, max: 3 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat({ max: 30 }) }),
      },
      { weight: 3, arbitrary: fc.constant({ kind: 'finish' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 50 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, concurrency) => {
          const { ActorWorker } = await import('@certoai/loom-core');
          await using worker = new ActorWorker('test');
          const begun: number[] = [];
          const finish = new Map<number, () => void>();
          worker.registerActor(
            'a',
            (id: number) => {
              begun.push(id);
              return new Promise<void>((resolve) => finish.set(id, resolve));
            },
            { concurrency },
          );
          const model = {
            running: [] as number[],
            waiting: [] as { id: number; priority: number }[],
            begun: [] as number[],
          };
          const begin = (): void => {
            while (model.running.length < concurrency && model.waiting.length > 0) {
              const highest = Math.max(...model.waiting.map(({ priority }) => priority));
              const place = model.waiting.findIndex(({ priority }) => priority === highest);
              const [next] = model.waiting.splice(place, 1);
              model.running.push(next?.id as number);
              model.begun.push(next?.id as number);
            }
          };
          const controllers: AbortController[] = [];
          const runs: (TaskOutcome | Promise<TaskOutcome>)[] = [];
          for (const one of steps) {
            if (one.kind === 'run') {
              const id = controllers.length;
              const controller = new AbortController();
              controllers.push(controller);
              model.waiting.push({ id, priority: one.priority });
              runs.push(
                worker.run(task({ input: id, priority: one.priority }), { signal: controller.signal }),
              );
            } else if (one.kind === 'abort') {
              controllers[one.which]?.abort();
              model.waiting = model.waiting.filter(({ id }) => id !== one.which);
              model.running = model.running.filter((id) => id !== one.which);
            } else {
              const id = model.running.shift();
              if (id !== undefined) finish.get(id)?.();
              await settled(1);
            }
            begin();
            expect(begun).toEqual(model.begun);
            const { running = 0, waiting = 0 } = worker.activity()['a'] ?? {};
            expect([running, waiting]).toEqual([model.running.length, model.waiting.length]);
          }
          for (const controller of controllers) controller.abort();
          expect((await outcomesOf(runs)).map(({ kind }) => kind)).toHaveLength(controllers.length);
          for (const done of finish.values()) done();
        },
      ),
      { numRuns: 200 },
    );
  });
});
