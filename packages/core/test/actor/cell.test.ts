import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { gate, loomErrorOf, openWorker, recorder } from '../support/open-worker.ts';

describe('an actor', () => {
  test('handles one message at a time, also when a handler waits', async () => {
    const { worker } = openWorker();
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const ref = worker.spawn(async (message: number) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < message % 3; turn++) await settled(1);
      order.push(message);
      running--;
    });
    for (let i = 0; i < 50; i++) ref.tell(i);
    await ref.ask(50);
    expect(most).toBe(1);
    expect(order).toEqual(Array.from({ length: 51 }, (_, i) => i));
  });

  test('keeps the order of each of several senders', async () => {
    const { worker } = openWorker();
    const seen: string[] = [];
    const ref = worker.spawn(
      (message: string) => (message.endsWith('3') ? settled(1) : undefined, void seen.push(message)),
    );
    const senders = ['a', 'b', 'c'].map((name) =>
      worker.spawn(async (count: number) => {
        for (let i = 0; i < count; i++) {
          ref.tell(`${name}${i}`);
          if (i % 4 === 0) await settled(1);
        }
      }),
    );
    await Promise.all(senders.map((sender) => sender.ask(20)));
    await settled();
    for (const name of ['a', 'b', 'c']) {
      const own = seen.filter((message) => message.startsWith(name));
      expect(own).toEqual(Array.from({ length: 20 }, (_, i) => `${name}${i}`));
    }
  });

  test('keeps asks and tells of one sender in their order', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    ref.tell(1);
    const asked = ref.ask(2);
    ref.tell(3);
    await asked;
    await settled();
    expect(log).toEqual(['start', 1, 2, 3]);
  });

  test('goes on with the next message after one that threw', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log), { supervision: { onFailure: 'resume' } });
    ref.tell(() => {
      throw new Error('one');
    });
    ref.tell(async () => {
      throw new Error('two');
    });
    ref.tell('after');
    await settled();
    expect(log).toEqual(['start', 'after']);
  });
});

describe('a full mailbox', () => {
  async function fill(overflow: 'reject' | 'drop-newest' | 'drop-oldest' | undefined) {
    const opened = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    const ref = opened.worker.spawn(recorder(log), { name: 'a', mailbox: { capacity: 2, overflow } });
    ref.tell(() => hold.opened);
    await settled();
    for (const message of [1, 2, 3]) ref.tell(message);
    const release = async (): Promise<void> => {
      hold.open();
      await settled();
    };
    return { ...opened, log, ref, release };
  }

  test.each(['reject', 'drop-newest', undefined] as const)(
    'with %s keeps what waits, and not what comes',
    async (overflow) => {
      const { worker, log, ref, release } = await fill(overflow);
      const asked = await loomErrorOf(ref.ask({ type: 'late' }), 'LOOM_MAILBOX_FULL');
      expect(asked.message).toMatch(/The mailbox of actor "user\/a" is full, so "late" was not taken/);
      await release();
      expect(log).toEqual(['start', 1, 2]);
      const reason = overflow === 'drop-newest' ? 'dropped-newest' : 'mailbox-full';
      expect(worker.deadLetters.recent).toMatchObject([{ message: 3, to: 'user/a', reason }]);
    },
  );

  test('with drop-oldest makes room for what comes', async () => {
    const { worker, log, ref, release } = await fill('drop-oldest');
    const asked = ref.ask(4);
    await release();
    expect(await asked).toBe(4);
    expect(log).toEqual(['start', 3, 4]);
    expect(worker.deadLetters.recent.map(({ message, reason }) => [message, reason])).toEqual([
      [1, 'dropped-oldest'],
      [2, 'dropped-oldest'],
    ]);
  });

  test('with drop-oldest rejects the ask that waited longest', async () => {
    const { worker } = openWorker();
    const hold = gate();
    const ref = worker.spawn(() => hold.opened, { mailbox: { capacity: 1, overflow: 'drop-oldest' } });
    ref.tell(1);
    await settled();
    const first = loomErrorOf(ref.ask(2), 'LOOM_MAILBOX_FULL');
    ref.tell(3);
    expect(await first).toMatchObject({ details: { reason: 'dropped-oldest' } });
    hold.open();
  });

  test('takes the news of the runtime all the same, and drop-oldest drops the oldest message beside them', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    const ref = worker.spawn(recorder(log), { mailbox: { capacity: 2, overflow: 'drop-oldest' } });
    const other = worker.spawn(() => undefined, { name: 'other' });
    ref.tell((context: any) => {
      context.watch(other);
      return hold.opened;
    });
    await settled();
    await other.stop();
    for (const message of [1, 2, 3]) ref.tell(message);
    hold.open();
    await settled();
    expect(log).toEqual(['start', 'terminated: user/other', 3]);
    expect(worker.deadLetters.recent.map(({ message }) => message)).toEqual([1, 2]);
  });

  test('does not count the message that is handled', async () => {
    const { worker } = openWorker();
    const hold = gate();
    const seen: unknown[] = [];
    const ref = worker.spawn((message) => (seen.push(message), hold.opened), { mailbox: { capacity: 1 } });
    ref.tell(1);
    await settled();
    ref.tell(2);
    ref.tell(3);
    hold.open();
    await settled();
    expect(seen).toEqual([1, 2]);
  });

  test.each([0, -1, 1.5, Number.NaN, '1', null])('cannot have a capacity of %s', (capacity) => {
    const { worker } = openWorker();
    for (const mailbox of [{ capacity }, { stashCapacity: capacity }] as never[]) {
      const refusal = expect.objectContaining({ code: 'LOOM_INVALID_OPTION' });
      expect(() => worker.spawn(() => 1, { mailbox })).toThrow(refusal);
      expect(() => worker.registerActor('a', () => 1, { mailbox })).toThrow(refusal);
    }
    expect(worker.has('a')).toBe(false);
  });

  test('can be as large as one likes', async () => {
    const { worker } = openWorker();
    let handled = 0;
    const ref = worker.spawn(() => void handled++, {
      mailbox: { capacity: Infinity, stashCapacity: Infinity, overflow: undefined },
    });
    for (let i = 0; i < 150_000; i++) ref.tell(i);
    await worker.drain();
    expect(handled).toBe(150_000);
  });

  test('is at 100 000 messages by default', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn(() => undefined, { mailbox: { capacity: undefined } });
    for (let i = 0; i < 100_003; i++) ref.tell(i);
    expect(worker.deadLetters.count).toBe(3);
    await worker.drain();
  });

  test('has an overflow policy that there is', () => {
    const { worker } = openWorker();
    expect(() => worker.spawn(() => 1, { mailbox: { overflow: 'drop' as never } })).toThrow(
      expect.objectContaining({
        code: 'LOOM_INVALID_OPTION',
        message: expect.stringContaining('reject, drop-newest, drop-oldest'),
      }),
    );
  });
});
