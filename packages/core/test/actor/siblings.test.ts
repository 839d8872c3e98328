import { Actor } from '@certoai/loom-core';
import type { ActorContext, ActorRef } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { gate, openWorker } from '../support/open-worker.ts';

/** A tree three levels deep that writes down who starts and who stops. */
function tree(log: string[]): new () => Actor {
  return class Node extends Actor<{ depth: number }> {
    override onStart({ path }: ActorContext): void {
      log.push(`start ${path}`);
    }
    onReceive({ depth }: { depth: number }, context: ActorContext): void {
      if (depth === 0) return;
      for (const name of ['a', 'b']) context.spawn(tree(log), { name }).tell({ depth: depth - 1 });
    }
    override onStop({ path }: ActorContext): void {
      log.push(`stop ${path}`);
    }
  };
}

describe('a tree of actors', () => {
  test('stops from the leaves up', async () => {
    const { worker } = openWorker();
    const log: string[] = [];
    const root = worker.spawn(tree(log), { name: 'root' });
    root.tell({ depth: 2 });
    await settled();
    expect(log).toHaveLength(7);
    await root.stop();
    const stops = log.filter((line) => line.startsWith('stop')).map((line) => line.slice(5));
    expect(stops).toHaveLength(7);
    for (const [index, path] of stops.entries()) {
      expect(
        stops.slice(index + 1).some((later) => later.startsWith(`${path}/`)),
        path,
      ).toBe(false);
    }
    expect(stops.at(-1)).toBe('user/root');
  });

  test('knows its children by name, oldest first, as long as they have not stopped', async () => {
    const { worker } = openWorker();
    const seen: unknown[] = [];
    const parent = worker.spawn(
      async (_message, context) => {
        const own = context as ActorContext;
        const [a, b] = [own.spawn(() => 1, { name: 'a' }), own.spawn(() => 2)];
        seen.push(
          own.children.map(({ path }) => path),
          own.child('a') === a,
          own.child('b'),
        );
        await a.stop();
        seen.push(own.children.length, own.children[0] === b, own.child('a'));
        own.spawn(() => 3, { name: 'a' });
      },
      { name: 'p' },
    );
    await parent.ask(1);
    expect(seen).toEqual([
      ['user/p/a', expect.stringMatching(/^user\/p\/\$\d+$/)],
      true,
      undefined,
      1,
      true,
      undefined,
    ]);
  });

  test('refuses a name that is taken, by an actor that has not stopped yet too', async () => {
    const { worker } = openWorker();
    const hold = gate();
    const taken = expect.objectContaining({ code: 'LOOM_CONFLICT', details: { parent: 'user', name: 'a' } });
    const first = worker.spawn(() => hold.opened, { name: 'a' });
    expect(() => worker.spawn(() => 1, { name: 'a' })).toThrow(taken);
    first.tell(1);
    await settled();
    const stopping = first.stop();
    expect(() => worker.spawn(() => 1, { name: 'a' })).toThrow(taken);
    hold.open();
    await stopping;
    expect(await worker.spawn(() => 1, { name: 'a' }).ask(1)).toBe(1);
  });

  test.each(['', 'a/b', '$1', 7, null])('refuses %s as a name', (name) => {
    const { worker } = openWorker();
    expect(() => worker.spawn(() => 1, { name: name as string })).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
  });

  test('sends to parents, children and siblings by their refs', async () => {
    const { worker } = openWorker();
    const done = gate<string[]>();
    class Collector extends Actor<string> {
      readonly seen: string[] = [];
      override onStart(context: ActorContext): void {
        const relay = (next: ActorRef) => (message: string) => next.tell(`${message}.`);
        const last = context.spawn(relay(context.self));
        context.spawn(relay(last)).tell('hello');
      }
      onReceive(message: string): void {
        this.seen.push(message);
        done.open(this.seen);
      }
    }
    worker.spawn(Collector);
    expect(await done.opened).toEqual(['hello..']);
  });

  test('gives actors without a name paths of their own', () => {
    const { worker } = openWorker();
    const paths = Array.from({ length: 100 }, () => worker.spawn(() => 1).path);
    expect(new Set(paths).size).toBe(100);
  });
});
