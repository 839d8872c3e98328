import { Actor } from '@certoai/loom-core';
import type { ActorContext, ActorWorkerOptions } from '@certoai/loom-core';
import { ActorWorker } from '@certoai/loom-core';
import { ManualClock, settled } from '@certoai/loom-core/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

type Step =
  /** A message that is kept in order; `turns` of the event loop to handle. */
  | { readonly kind: 'work'; readonly turns: number }
  | { readonly kind: 'stash' }
  | { readonly kind: 'unstash' }
  | { readonly kind: 'fail' }
  /** Not a message: time for the actor to work. */
  | { readonly kind: 'pause'; readonly turns: number };

interface Sent {
  readonly id: number;
  readonly step: Exclude<Step, { kind: 'pause' }>;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('work' as const), turns: fc.integer({ min: 0, max: 2 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'stash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'unstash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fail' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pause' as const), turns: fc.integer({ min: 1, max: 4 }) }),
  },
);

async function withWorker(
  options: ActorWorkerOptions,
  run: (worker: ActorWorker, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const worker = new ActorWorker('test', { clock, ...options });
  await run(worker, clock);
  await worker.close();
}

/** What the actor did, and what it refused, in the order of events. */
class Log {
  readonly handled: Sent[] = [];
  readonly dropped: number[] = [];
}

function modelActor(log: Log): new () => Actor<Sent> {
  return class Model extends Actor<Sent> {
    onReceive(sent: Sent, context: ActorContext): unknown {
      const { step: what } = sent;
      if (what.kind === 'stash' && !stashed.has(sent.id)) {
        stashed.add(sent.id);
        return context.stash();
      }
      log.handled.push(sent);
      if (what.kind === 'unstash') context.unstashAll();
      if (what.kind === 'fail') throw new Error('by plan');
      return what.kind === 'work' && what.turns > 0 ? settled(what.turns) : undefined;
    }
  };
}

let stashed = new Set<number>();

/** What must come of the messages that were taken, one after the other: no timing in it. */
function expectedOrder(taken: readonly Sent[]): number[] {
  const waiting = [...taken];
  const order: number[] = [];
  const aside = new Set<number>();
  let stash: Sent[] = [];
  for (let sent = waiting.shift(); sent; sent = waiting.shift()) {
    if (sent.step.kind === 'stash' && !aside.has(sent.id)) {
      aside.add(sent.id);
      stash.push(sent);
      continue;
    }
    order.push(sent.id);
    if (sent.step.kind === 'unstash' || sent.step.kind === 'fail') {
      waiting.unshift(...stash);
      stash = [];
    }
  }
  return order;
}

test('messages are handled in order, stashed ones where they were put back, however sends and work interleave', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      stashed = new Set();
      const log = new Log();
      await withWorker({}, async (worker, clock) => {
        // Failures in a row wait for the clock otherwise.
        const ref = worker.spawn(modelActor(log), { supervision: { backoff: { initialDelayMs: 0 } } });
        const taken: Sent[] = [];
        let id = 0;
        for (const one of steps) {
          if (one.kind === 'pause') await settled(one.turns);
          else {
            const sent = { id: id++, step: one };
            taken.push(sent);
            ref.tell(sent);
          }
        }
        // The last word puts back what is left, so that every message has its end.
        const last: Sent = { id, step: { kind: 'unstash' } };
        taken.push(last);
        await ref.ask(last);
        await settled(200);
        await clock.advance(0);
        expect(log.handled.map((sent) => sent.id)).toEqual(inTime(taken, log.handled));
        expect(worker.deadLetters.count).toBe(0);
      });
    }),
    { numRuns: 150 },
  );
});

/**
 * When the stash is put back does not depend on when messages came, only on which: so the order is the
 * model's, whatever the interleaving. Every message is there once.
 */
function inTime(taken: readonly Sent[], handled: readonly Sent[]): number[] {
  expect(handled.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(taken.map(({ id }) => id));
  return expectedOrder(taken);
}

test('a bounded mailbox never holds more than its capacity, and every message is handled or a dead letter', async () => {
  const overflow = fc.constantFrom('reject' as const, 'drop-newest' as const, 'drop-oldest' as const);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 1, max: 5 }),
      overflow,
      async (steps, capacity, policy) => {
        await withWorker({ deadLetterCapacity: 1_000 }, async (worker) => {
          const handled: number[] = [];
          const model = { waiting: [] as number[], dropped: [] as number[] };
          const ref = worker.spawn(
            (sent: { id: number; turns: number }) => {
              // The actor takes the first that waits: the model does the same.
              expect(model.waiting.shift()).toBe(sent.id);
              handled.push(sent.id);
              return sent.turns > 0 ? settled(sent.turns) : undefined;
            },
            { mailbox: { capacity, overflow: policy } },
          );
          let id = 0;
          for (const one of steps) {
            if (one.kind === 'pause') {
              await settled(one.turns);
              continue;
            }
            ref.tell({ id, turns: one.kind === 'work' ? one.turns : 0 });
            if (model.waiting.length < capacity) model.waiting.push(id);
            else if (policy === 'drop-oldest') {
              model.dropped.push(model.waiting.shift() as number);
              model.waiting.push(id);
            } else model.dropped.push(id);
            expect(model.waiting.length).toBeLessThanOrEqual(capacity);
            id++;
          }
          await worker.drain();
          expect(model.waiting).toEqual([]);
          expect(worker.deadLetters.recent.map(({ message }) => (message as { id: number }).id)).toEqual(
            model.dropped,
          );
          expect([...handled, ...model.dropped].toSorted((a, b) => a - b)).toEqual(
            Array.from({ length: id }, (_, i) => i),
          );
          expect(handled).toEqual(handled.toSorted((a, b) => a - b));
        });
      },
    ),
    { numRuns: 150 },
  );
});

test('a bounded stash takes what fits, and the rest fails', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 12 }),
      async (stashCapacity, count) => {
        await withWorker({}, async (worker) => {
          let isOpen = false;
          const handled: number[] = [];
          const ref = worker.spawn(
            (message: number | 'open', context) => {
              if (message === 'open') {
                isOpen = true;
                return (context as ActorContext).unstashAll();
              }
              if (!isOpen) return (context as ActorContext).stash();
              handled.push(message);
              return message;
            },
            { mailbox: { stashCapacity }, supervision: { onFailure: 'resume' } },
          );
          const asks = Array.from({ length: count }, (_, i) =>
            ref.ask<number>(i).catch((error: { code: string }) => error.code),
          );
          await settled();
          await ref.ask('open');
          const fits = Math.min(count, stashCapacity);
          const answers = await Promise.all(asks);
          expect(answers).toEqual(
            Array.from({ length: count }, (_, i) => (i < fits ? i : 'LOOM_MAILBOX_FULL')),
          );
          expect(handled).toEqual(Array.from({ length: fits }, (_, i) => i));
        });
      },
    ),
    { numRuns: 100 },
  );
});
