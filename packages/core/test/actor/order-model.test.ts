import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Actor, type ActorRef } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { createTestWorker } from '../support/test-worker.ts';

interface Mail {
  readonly from: number;
  readonly n: number;
}

test('messages of one sender keep their order, whatever others do', async () => {
  const bursts = fc.array(fc.record({ from: fc.nat(3), count: fc.integer({ min: 1, max: 200 }) }), {
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(bursts, fc.boolean(), async (program, isSlow) => {
      await using system = createTestWorker();
      const seen: Mail[] = [];
      const receiver = system.worker.spawn(async (mail: Mail) => {
        seen.push(mail);
        if (isSlow && mail.n % 50 === 0) await settled(1);
      });
      class Sender extends Actor {
        #sent = 0;
        onReceive({ from, count }: { from: number; count: number }): void {
          for (let i = 0; i < count; i++) receiver.tell({ from, n: this.#sent++ });
        }
      }
      const senders = Array.from({ length: 4 }, () => system.worker.spawn(Sender));
      for (const burst of program) (senders[burst.from] as ActorRef).tell(burst);
      await system.worker.drain();
      expect(seen).toHaveLength(program.reduce((sum, { count }) => sum + count, 0));
      for (const from of [0, 1, 2, 3]) {
        const numbers = seen.filter((mail) => mail.from === from).map(({ n }) => n);
        expect(numbers).toEqual(numbers.map((_, n) => n));
      }
    }),
    { numRuns: 40 },
  );
});

test('keyed actors lose nothing while they come and go', async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), n: fc.nat() }),
      fc.constantFrom('settle' as const, 'pass' as const, 'stop' as const),
    ),
    { maxLength: 80 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (program) => {
      await using system = createTestWorker();
      const { worker, clock } = system;
      const seen: unknown[] = [];
      let instances = 0;
      class Keyed extends Actor {
        override async onStart(): Promise<void> {
          instances++;
          await settled(1);
        }
        onReceive(n: number): void {
          seen.push([this.context.key, n]);
        }
        override async onStop(): Promise<void> {
          instances--;
          await settled(1);
        }
      }
      worker.registerActor('keyed', Keyed, { passivateAfterMs: 1_000 });
      const refs = Object.fromEntries(['a', 'b', 'c'].map((key) => [key, worker.actorOf('keyed', key)]));
      const sent: unknown[] = [];
      for (const step of program) {
        if (step === 'settle') await settled(1);
        // Between the turns of this, an actor may be anywhere in its coming or going.
        else if (step === 'pass') await clock.advance(1_000);
        else if (step === 'stop') await refs['a']?.stop({ drain: true });
        else {
          sent.push([step.key, step.n]);
          // By a ref that has seen many instances, and by a new one.
          if (sent.length % 2 === 0) refs[step.key]?.tell(step.n);
          else void worker.tell('keyed', step.n, { key: step.key });
        }
      }
      await clock.advance(5_000);
      expect(instances).toBe(0);
      for (const key of ['a', 'b', 'c']) {
        const of = (list: unknown[]): unknown[] =>
          list.filter((entry) => (entry as [string, number])[0] === key);
        expect(of(seen)).toEqual(of(sent));
      }
      expect(worker.deadLetters.count).toBe(0);
    }),
    { numRuns: 150 },
  );
});
