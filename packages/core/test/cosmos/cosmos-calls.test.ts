import { isLoomError } from '@certoai/loom-core';
import { CosmosCalls, type CosmosCallOptions, type CosmosCharge } from '@certoai/loom-core/cosmos';
import { ManualClock, settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';

const write = { place: { database: 'loom' }, container: 'spans', doing: 'write', isWrite: true };
const read = { ...write, doing: 'read', isWrite: false };
const failure = (code: number | string, fields: object = {}): Error =>
  Object.assign(new Error('said'), { code, ...fields });

/** Answers with each of these in turn, and then with "done". */
function sequence(...failures: readonly Error[]): {
  send: () => Promise<{ value: string; requestUnits: number }>;
  sent: () => number;
} {
  let sent = 0;
  return {
    sent: () => sent,
    send: async () => {
      const failed = failures[sent];
      sent += 1;
      if (failed !== undefined) throw failed;
      return { value: 'done', requestUnits: 2 };
    },
  };
}

function calls(options: CosmosCallOptions = {}): { calls: CosmosCalls; clock: ManualClock } {
  const clock = new ManualClock();
  return { calls: new CosmosCalls({ clock, random: () => 0, ...options }), clock };
}

describe('a call', () => {
  test('is answered at once when it succeeds', async () => {
    const { calls: one } = calls();
    expect(await one.run(write, sequence().send)).toEqual({ kind: 'done', value: 'done', inDoubt: false });
  });

  test.each([
    [404, 'absent'],
    [409, 'conflict'],
    [412, 'precondition'],
  ])('of which %i is the answer is not sent again', async (code, kind) => {
    const { calls: one } = calls();
    const { send, sent } = sequence(failure(code));
    expect(await one.run(write, send)).toEqual({ kind, inDoubt: false });
    expect(sent()).toBe(1);
  });

  test('waits as long as the service says', async () => {
    const { calls: one, clock } = calls();
    const { send, sent } = sequence(failure(429, { retryAfterInMs: 700 }));
    const answer = one.run(write, send);
    await clock.advance(699);
    expect(sent()).toBe(1);
    await clock.advance(1);
    expect(await answer).toMatchObject({ kind: 'done', inDoubt: false });
  });

  test('is in doubt once a write may have been applied, and a read never is', async () => {
    const { calls: one, clock } = calls();
    const written = one.run(write, sequence(failure('ECONNRESET'), failure(409)).send);
    const seen = one.run(read, sequence(failure('ECONNRESET')).send);
    await clock.advance(1_000);
    expect(await written).toEqual({ kind: 'conflict', inDoubt: true });
    expect(await seen).toMatchObject({ kind: 'done', inDoubt: false });
  });

  test('gives up in bounded time, and says what the last answer was', async () => {
    const { calls: one, clock } = calls({ callMs: 3_000 });
    let sent = 0;
    const answer = one.run(write, async () => {
      sent += 1;
      throw failure(503);
    });
    answer.catch(() => undefined);
    await clock.advance(3_000);
    await expect(answer).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED', details: { status: 503 } });
    expect(sent).toBeGreaterThan(3);
    expect(sent).toBeLessThanOrEqual(10);
    expect(clock.pendingTimers).toBe(0);
  });

  test('does not wait for a time that is beyond its end', async () => {
    const { calls: one, clock } = calls({ callMs: 3_000 });
    const answer = one.run(write, sequence(failure(429, { retryAfterInMs: 5_000 })).send);
    await expect(answer).rejects.toMatchObject({ details: { kind: 'throttled', retryAfterMs: 5_000 } });
    expect(clock.pendingTimers).toBe(0);
  });

  test('ends a request without an answer at its deadline, and tells it so', async () => {
    const { calls: one, clock } = calls({ requestMs: 100 });
    const signals: AbortSignal[] = [];
    const answer = one.run(write, (signal) => {
      signals.push(signal);
      return signals.length === 1 ? new Promise<never>(() => undefined) : sequence().send();
    });
    await clock.advance(99);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(100);
    expect(signals[0]?.aborted).toBe(true);
    expect(await answer).toEqual({ kind: 'done', value: 'done', inDoubt: true });
  });

  test.each([400, 401, 403, 413])('is not sent again after %i', async (code) => {
    const { calls: one } = calls();
    const { send, sent } = sequence(failure(code));
    await expect(one.run(write, send)).rejects.toSatisfy((error) => isLoomError(error));
    expect(sent()).toBe(1);
  });
});

describe('many calls', () => {
  test('are under way only as many as allowed, first come first served', async () => {
    const { calls: some } = calls({ maxConcurrent: 2 });
    const order: number[] = [];
    const ends: (() => void)[] = [];
    const answers = [1, 2, 3, 4].map((number) =>
      some.run(write, async () => {
        order.push(number);
        await new Promise<void>((resolve) => ends.push(resolve));
        return { value: number, requestUnits: 0 };
      }),
    );
    await settled();
    expect(order).toEqual([1, 2]);
    ends[1]?.();
    await settled();
    expect(order).toEqual([1, 2, 3]);
    ends[0]?.();
    ends[2]?.();
    await settled();
    ends[3]?.();
    expect(await Promise.all(answers)).toHaveLength(4);
  });

  test('that get no turn in time fail, and keep no place', async () => {
    const { calls: some, clock } = calls({ maxConcurrent: 1, requestMs: 1_000, callMs: 1_000 });
    const first = some.run(write, () => new Promise<never>(() => undefined));
    const second = some.run(write, sequence().send);
    first.catch(() => undefined);
    second.catch(() => undefined);
    await clock.advance(1_000);
    await expect(first).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED' });
    await expect(second).rejects.toThrow(/other calls took more than 1000 ms/);
    expect(await some.run(write, sequence().send)).toMatchObject({ kind: 'done' });
  });
});

describe('cost', () => {
  test('is told of every request, also of those that failed', async () => {
    const charges: CosmosCharge[] = [];
    const { calls: one, clock } = calls({ onCharge: (charge) => charges.push(charge) });
    const refused = failure(429, { headers: { 'x-ms-request-charge': '0.5' } });
    const answer = one.run(write, sequence(refused).send);
    await clock.advance(1_000);
    await answer;
    expect(charges).toEqual([
      { container: 'spans', doing: 'write', requestUnits: 0.5, succeeded: false },
      { container: 'spans', doing: 'write', requestUnits: 2, succeeded: true },
    ]);
  });

  test('cannot make a call fail', async () => {
    const onCharge = (): never => {
      throw new Error('a meter broke');
    };
    expect(await calls({ onCharge }).calls.run(write, sequence().send)).toMatchObject({ kind: 'done' });
  });
});

test.each(['requestMs', 'callMs', 'maxConcurrent'])('%s takes whole numbers of 1 or more', (option) => {
  for (const value of [0, -1, 1.5, Number.NaN]) {
    expect(() => new CosmosCalls({ [option]: value })).toThrow(new RegExp(`^${option} is `));
  }
  expect(() => new CosmosCalls({ [option]: undefined })).not.toThrow();
});
