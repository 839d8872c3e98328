import { Actor } from '@certoai/loom-core';
import type { ActorContext } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { gate, loomErrorOf, openWorker, recorder } from '../support/open-worker.ts';

class Cart extends Actor<string> {
  readonly #items: string[] = [];
  onReceive(item: string): string {
    this.#items.push(item);
    return `${this.context.key ?? '-'}: ${this.#items.join()}`;
  }
}

describe('keyed actors', () => {
  test('are one for each key, and one without', async () => {
    const { worker } = openWorker();
    worker.registerActor('cart', Cart);
    expect(await worker.ask('cart', 'a', { key: '1' })).toBe('1: a');
    expect(await worker.ask('cart', 'b', { key: '2' })).toBe('2: b');
    expect(await worker.ask('cart', 'c')).toBe('-: c');
    expect(await worker.actorOf('cart', '1').ask('d')).toBe('1: a,d');
    expect(worker.actorOf('cart', '1').path).toBe('cart/1');
  });

  test('do not begin before their first message', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    worker.registerActor('a', recorder(log));
    const refs = [worker.actorOf('a', '1'), worker.actorOf('a', '1'), worker.actorOf('a', '1')] as const;
    await settled();
    expect(log).toEqual([]);
    refs[0].tell(1);
    refs[1].tell(2);
    await settled();
    refs[2].tell(3);
    await settled();
    expect(log).toEqual(['start', 1, 2, 3]);
  });

  test('can be stopped through any ref, and begin anew with the next message', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    worker.registerActor('a', recorder(log));
    const [first, second] = [worker.actorOf('a', '1'), worker.actorOf('a', '1')];
    first.tell(1);
    await settled();
    await second.stop();
    second.tell(2);
    first.tell(3);
    await settled();
    expect(log).toEqual(['start', 1, 'stop', 'start', 2, 3]);
  });

  test('of a type that is one instance are refused, as is a key that is none', async () => {
    const { worker } = openWorker();
    worker.registerActor('one', new Cart());
    expect(() => worker.actorOf('one', '1')).toThrow(expect.objectContaining({ code: 'LOOM_UNSUPPORTED' }));
    await loomErrorOf(worker.ask('one', 'a', { key: '1' }), 'LOOM_UNSUPPORTED');
    expect(await worker.ask('one', 'a')).toBe('-: a');
    worker.registerActor('cart', Cart);
    for (const key of ['', 7, null]) {
      expect(() => worker.actorOf('cart', key as string)).toThrow(
        expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
      );
    }
  });
});

describe('passivation', () => {
  test('puts a keyed actor away when nothing came for long enough, and its next message begins anew', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    worker.registerActor('a', recorder(log), { passivateAfterMs: 100 });
    const ref = worker.actorOf('a', 'k');
    ref.tell(1);
    await clock.advance(99);
    ref.tell(2);
    await clock.advance(99);
    expect(log).toEqual(['start', 1, 2]);
    await clock.advance(1);
    expect(log).toEqual(['start', 1, 2, 'stop']);
    ref.tell(3);
    await settled();
    expect(log).toEqual(['start', 1, 2, 'stop', 'start', 3]);
  });

  test('leaves the actor without a key alone, and one that is busy', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    worker.registerActor('a', recorder(log), { passivateAfterMs: 100 });
    worker.actorOf('a').tell(1);
    await settled();
    worker.actorOf('a', 'k').tell(() => hold.opened);
    await clock.advance(1_000);
    expect(log).toEqual(['start', 1, 'start']);
    hold.open();
    await clock.advance(100);
    expect(log).toEqual(['start', 1, 'start', 'stop']);
  });

  test('loses no message that comes while onStop is at work, and keeps their order', async () => {
    const { worker, clock } = openWorker();
    const log: string[] = [];
    const hold = gate();
    class Slow extends Actor<string> {
      onReceive(message: string): string {
        log.push(message);
        return message;
      }
      override async onStop(): Promise<void> {
        await hold.opened;
        log.push('stop');
      }
    }
    worker.registerActor('a', Slow, { passivateAfterMs: 100 });
    const ref = worker.actorOf('a', 'k');
    ref.tell('one');
    await clock.advance(100);
    ref.tell('two');
    const asked = worker.ask('a', 'three', { key: 'k' });
    ref.tell('four');
    await settled();
    expect(log).toEqual(['one']);
    hold.open();
    expect(await asked).toBe('three');
    await settled();
    expect(log).toEqual(['one', 'stop', 'two', 'three', 'four']);
    expect(worker.deadLetters.count).toBe(0);
  });

  test('loses no message over many rounds with senders at any moment', async () => {
    const { worker, clock } = openWorker();
    const seen: number[] = [];
    let made = 0;
    class Brief extends Actor<number> {
      override async onStart(): Promise<void> {
        made++;
        await Promise.resolve();
      }
      onReceive(message: number): void {
        seen.push(message);
      }
      override async onStop(): Promise<void> {
        await Promise.resolve();
      }
    }
    worker.registerActor('a', Brief, { passivateAfterMs: 1 });
    for (let i = 0; i < 200; i++) {
      await worker.tell('a', i, { key: 'k' });
      for (let turn = 0; turn < i % 7; turn++) await Promise.resolve();
      if (i % 3 === 0) void clock.advance(1);
      if (i % 5 === 0) await settled(1);
    }
    await clock.advance(10);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(made).toBeGreaterThan(5);
  });

  test('keeps what was stashed for the next instance', async () => {
    const { worker, clock } = openWorker();
    const seen: string[] = [];
    class Waiting extends Actor<string> {
      static instances = 0;
      override onStart(): void {
        Waiting.instances++;
      }
      onReceive(message: string, context: ActorContext): void {
        if (Waiting.instances === 1) context.stash();
        else seen.push(message);
      }
    }
    worker.registerActor('a', Waiting, { passivateAfterMs: 50 });
    await worker.tell('a', 'kept', { key: 'k' });
    await clock.advance(50);
    expect(seen).toEqual(['kept']);
  });

  test('the mailbox stays bounded while an actor goes', async () => {
    const { worker } = openWorker();
    const hold = gate();
    const seen: number[] = [];
    const handler = { onReceive: (message: number) => void seen.push(message), onStop: () => hold.opened };
    worker.registerActor('a', { create: () => handler }, { mailbox: { capacity: 3 } });
    const ref = worker.actorOf('a', 'k');
    ref.tell(0);
    await settled();
    const stopping = ref.stop();
    for (let i = 1; i <= 5; i++) ref.tell(i);
    hold.open();
    await stopping;
    await settled();
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(worker.deadLetters.recent.map(({ message, reason }) => [message, reason])).toEqual([
      [4, 'mailbox-full'],
      [5, 'mailbox-full'],
    ]);
  });
});

describe('a registration that is replaced', () => {
  test('gives every actor a fresh instance, idle, busy or starting, with its mailbox', async () => {
    const { worker } = openWorker();
    const log: string[] = [];
    const [start, busy] = [gate(), gate()];
    class Version extends Actor<string | Promise<void>> {
      readonly version: string = 'old';
      override async onStart({ key }: ActorContext): Promise<void> {
        if (this.version === 'old' && key === 'starting') await start.opened;
      }
      async onReceive(message: string | Promise<void>): Promise<string> {
        await message;
        const line = `${this.context.key ?? '-'} ${this.version}`;
        log.push(line);
        return line;
      }
      override onStop({ key }: ActorContext): void {
        log.push(`${key ?? '-'} stop ${this.version}`);
      }
    }
    class NewVersion extends Version {
      override readonly version = 'new';
    }
    worker.registerActor('a', Version);
    await worker.ask('a', 'x', { key: 'idle' });
    await worker.tell('a', busy.opened, { key: 'busy' });
    await worker.tell('a', 'waits', { key: 'busy' });
    await worker.tell('a', 'waits', { key: 'starting' });
    await settled();
    expect(worker.registerActor('a', NewVersion)).toEqual({ replaced: true });
    expect(await worker.ask('a', 'x', { key: 'idle' })).toBe('idle new');
    start.open();
    busy.open();
    await settled();
    expect(log).toEqual(
      expect.arrayContaining(['busy old', 'busy stop old', 'busy new', 'starting stop old', 'starting new']),
    );
    expect(log.filter((line) => line === 'starting old')).toEqual([]);
    expect(worker.deadLetters.count).toBe(0);
  });

  test('or is withdrawn: what waits becomes dead letters, and old refs say stopped', async () => {
    const { worker } = openWorker();
    worker.registerActor('a', Cart);
    const [used, unused] = [worker.actorOf('a', '1'), worker.actorOf('a', '2')];
    await used.ask('x');
    worker.registry.unregister('a');
    await settled();
    used.tell('late');
    unused.tell('later');
    await loomErrorOf(used.ask('x'), 'LOOM_ACTOR_STOPPED');
    expect(worker.deadLetters.recent.map(({ message, to }) => [message, to])).toEqual([
      ['late', 'a/1'],
      ['later', 'a/2'],
    ]);
    await loomErrorOf(worker.ask('a', 'x'), 'LOOM_UNKNOWN_ACTOR');
    worker.registerActor('a', Cart);
    expect(await worker.ask('a', 'x', { key: '1' })).toBe('1: x');
  });
});
