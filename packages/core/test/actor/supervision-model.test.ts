import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Actor, type ActorRef, type SupervisionDirective } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { createTestWorker } from '../support/test-worker.ts';

// A parent with children that fail at random. The model says which instances begin and end.

interface Child {
  readonly directive: SupervisionDirective;
  readonly strategy: 'one-for-one' | 'all-for-one';
}
const children = fc.array(
  fc.record<Child>({
    directive: fc.constantFrom('restart', 'resume', 'stop', 'escalate'),
    strategy: fc.constantFrom('one-for-one', 'all-for-one'),
  }),
  { minLength: 1, maxLength: 5 },
);
const atOnce = { backoff: 'fixed', initialDelayMs: 0 } as const;

interface Counts {
  starts: number[];
  stops: number[];
  restarts: number[];
  parentRestarts: number;
}

function model(
  kinds: readonly Child[],
  failures: readonly number[],
  parentDirective: 'restart' | 'resume',
): Counts {
  const counts = {
    starts: kinds.map(() => 1),
    stops: kinds.map(() => 0),
    restarts: kinds.map(() => 0),
    parentRestarts: 0,
  };
  const bump = (list: number[], n: number): void => void (list[n] = (list[n] ?? 0) + 1);
  let alive = kinds.map(() => true);
  for (const failing of failures) {
    const kind = kinds[failing];
    if (!kind || !alive[failing]) continue;
    const struck = kinds
      .map((_, n) => n)
      .filter((n) => alive[n] && (n === failing || kind.strategy === 'all-for-one'));
    for (const n of kind.directive === 'restart' || kind.directive === 'stop' ? struck : []) {
      if (kind.directive === 'stop') {
        alive[n] = false;
        bump(counts.stops, n);
      } else {
        bump(counts.restarts, n);
        bump(counts.starts, n);
      }
    }
    if (kind.directive !== 'escalate' || parentDirective === 'resume') continue;
    counts.parentRestarts++;
    for (const [n, isAlive] of alive.entries()) if (isAlive) bump(counts.stops, n);
    alive = kinds.map(() => true);
    for (const n of kinds.keys()) bump(counts.starts, n);
  }
  return counts;
}

test('failures restart, stop and escalate as the model says', async () => {
  const program = fc.tuple(
    children,
    fc.array(fc.nat(4), { maxLength: 12 }),
    fc.constantFrom('restart' as const, 'resume' as const),
  );
  await fc.assert(
    fc.asyncProperty(program, async ([kinds, failures, parentDirective]) => {
      await using system = createTestWorker();
      const counts: Counts = model(kinds, [], parentDirective);
      counts.starts = kinds.map(() => 0);
      let refs: ActorRef[] = [];
      const childOf = (n: number): new () => Actor =>
        class extends Actor {
          override onStart(): void {
            counts.starts[n] = (counts.starts[n] ?? 0) + 1;
          }
          onReceive(): void {
            throw new Error(`child ${n}`);
          }
          override onRestart(): void {
            counts.restarts[n] = (counts.restarts[n] ?? 0) + 1;
          }
          override onStop(): void {
            counts.stops[n] = (counts.stops[n] ?? 0) + 1;
          }
        };
      class Parent extends Actor {
        override onStart(): void {
          refs = kinds.map(({ directive, strategy }, n) =>
            this.context.spawn(childOf(n), {
              supervision: { onFailure: directive, strategy, backoff: atOnce },
            }),
          );
        }
        onReceive(): void {}
        override onRestart(): void {
          counts.parentRestarts++;
        }
      }
      system.worker.spawn(Parent, { supervision: { onFailure: parentDirective, backoff: atOnce } });
      for (const n of failures) {
        refs[n]?.tell('fail');
        await settled();
      }
      expect(counts).toEqual(model(kinds, failures, parentDirective));
    }),
    { numRuns: 300 },
  );
});
