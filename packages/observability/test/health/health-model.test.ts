import { isLoomError } from '@certoai/loom-core';
import { ManualClock, settled } from '@certoai/loom-core/testing';
import {
  HealthModel,
  type CheckResult,
  type HealthCheck,
  type HealthReport,
} from '@certoai/loom-observability';
import { describe, expect, test } from 'vitest';

/** A check that says what it is told, and counts how often it is asked. */
function told(result: CheckResult | undefined): {
  check: () => CheckResult | undefined;
  asked: () => number;
  say(next: CheckResult): void;
} {
  let now = result;
  let asked = 0;
  return {
    check: () => {
      asked += 1;
      return now;
    },
    asked: () => asked,
    say: (next) => void (now = next),
  };
}

async function reportOf(
  check: HealthCheck['check'],
  rest: Omit<HealthCheck, 'check'> = {},
): Promise<HealthReport> {
  const health = new HealthModel();
  health.add('one', { check, ...rest });
  return health.report();
}

describe('a report', () => {
  test('without checks is well', async () => {
    expect(await new HealthModel().report()).toEqual({
      live: true,
      ready: true,
      degraded: false,
      reasons: [],
      checks: {},
    });
  });

  test('says of each check how it stands, and is plain data', async () => {
    const clock = new ManualClock();
    const health = new HealthModel({ clock });
    health.add('store', { check: () => ({ status: 'ok' }), decides: 'live' });
    health.add('redis', { check: async () => ({ status: 'degraded', reason: 'replica is behind' }) });
    const report = await health.report();
    expect(report).toEqual({
      live: true,
      ready: true,
      degraded: true,
      reasons: ['redis: replica is behind'],
      checks: {
        store: { status: 'ok', decides: 'live', checkedAt: clock.now(), durationMs: 0 },
        redis: {
          status: 'degraded',
          reason: 'replica is behind',
          decides: 'ready',
          checkedAt: clock.now(),
          durationMs: 0,
        },
      },
    });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test.each([
    ['live', false, false],
    ['ready', true, false],
    ['nothing', true, true],
    [undefined, true, false],
  ] as const)(
    'of a failed check that decides over %s is live: %s, ready: %s',
    async (decides, live, ready) => {
      const report = await reportOf(() => ({ status: 'failed', reason: 'away' }), { decides });
      expect(report).toMatchObject({ live, ready, degraded: true, reasons: ['one: away'] });
    },
  );

  test('of a degraded check is live and ready, whatever it decides', async () => {
    const report = await reportOf(() => ({ status: 'degraded', reason: 'slow' }), { decides: 'live' });
    expect(report).toMatchObject({ live: true, ready: true, degraded: true });
  });
});

describe('a check', () => {
  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('connection refused');
      },
      'connection refused',
    ],
    ['rejects with no error', () => Promise.reject('text'), 'text'],
    [
      'throws nothing at all',
      () => {
        throw undefined;
      },
      'undefined',
    ],
    [
      'throws without a message',
      () => {
        throw new Error();
      },
      'an error without a message',
    ],
    [
      'throws what cannot be read',
      () => {
        throw {
          toString: () => {
            throw new Error();
          },
        };
      },
      'an error that cannot be read',
    ],
    ['says null', () => null, 'the check gave no result'],
    ['says true', () => true, 'the check gave no result'],
    ['says a status that is none', () => ({ status: 'fine' }), 'the check gave no result'],
    ['gives no reason', () => ({ status: 'failed' }), 'no reason was given'],
    ['writes a novel', () => ({ status: 'failed', reason: 'x'.repeat(5_000) }), `${'x'.repeat(499)}…`],
  ])('that %s has failed, and says so', async (_, check, reason) => {
    const report = await reportOf(check as HealthCheck['check']);
    expect(report.checks['one']).toMatchObject({ status: 'failed', reason });
    expect(report).toMatchObject({ live: true, ready: false });
  });

  test('may be a method of an object', async () => {
    class Disk implements HealthCheck {
      readonly #free = 7;
      check(): CheckResult {
        return { status: 'degraded', reason: `${this.#free} bytes are free` };
      }
    }
    const health = new HealthModel();
    health.add('disk', new Disk());
    expect(await health.report()).toMatchObject({ reasons: ['disk: 7 bytes are free'] });
  });

  test('that says nothing is well', async () => {
    expect(await reportOf(() => undefined)).toMatchObject({ ready: true, degraded: false });
    expect(await reportOf(async () => {})).toMatchObject({ ready: true, degraded: false });
  });

  test('that hangs has failed when its time is over, is told so, and is not asked again meanwhile', async () => {
    const clock = new ManualClock();
    const health = new HealthModel({ clock, cacheMs: 0, timeoutMs: 300 });
    const signals: AbortSignal[] = [];
    let answer!: (result: CheckResult) => void;
    health.add('redis', {
      check: (signal) => {
        signals.push(signal);
        return new Promise((resolve) => (answer = resolve));
      },
    });
    health.add('disk', { check: () => undefined });
    for (let round = 0; round < 3; round++) {
      const asked = health.report();
      await settled(10);
      await clock.advance(300);
      expect(await asked).toMatchObject({
        ready: false,
        reasons: ['redis: no answer within 300 ms'],
        checks: { redis: { durationMs: 300 }, disk: { status: 'ok' } },
      });
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    answer({ status: 'ok' });
    await settled(10);
    const asked = health.report();
    await settled(10);
    answer({ status: 'ok' });
    expect(await asked).toMatchObject({ ready: true });
    expect(signals).toHaveLength(2);
  });

  test('may take the time it asks for', async () => {
    const clock = new ManualClock();
    const health = new HealthModel({ clock, timeoutMs: 10 });
    health.add('slow', {
      check: () => new Promise((resolve) => clock.setTimer(500, () => resolve(undefined))),
      timeoutMs: 1_000,
    });
    const asked = health.report();
    await settled(10);
    await clock.advance(500);
    expect(await asked).toMatchObject({ ready: true, checks: { slow: { durationMs: 500 } } });
  });

  test('stands for a short time, also for those who ask together, and then is asked again', async () => {
    const clock = new ManualClock();
    const health = new HealthModel({ clock, cacheMs: 1_000 });
    const redis = told({ status: 'ok' });
    health.add('redis', redis);
    await Promise.all([health.report(), health.report(), health.report()]);
    await clock.advance(999);
    redis.say({ status: 'failed', reason: 'away' });
    expect(await health.report()).toMatchObject({ ready: true });
    expect(redis.asked()).toBe(1);
    await clock.advance(1);
    expect(await health.report()).toMatchObject({ ready: false });
    redis.say({ status: 'ok' });
    await clock.advance(1_000);
    expect(await health.report()).toMatchObject({ ready: true });
    expect(redis.asked()).toBe(3);
  });

  test('is asked no more once it is taken away, and its name is free again', async () => {
    const health = new HealthModel();
    const take = health.add('redis', { check: () => ({ status: 'failed', reason: 'away' }) });
    take();
    expect(await health.report()).toMatchObject({ ready: true, checks: {} });
    health.add('redis', { check: () => undefined });
    take();
    expect(await health.report()).toMatchObject({ checks: { redis: { status: 'ok' } } });
  });
});

describe('what cannot be used is refused', () => {
  const refused = (make: () => unknown, text: RegExp): void => {
    try {
      make();
      expect.unreachable();
    } catch (error) {
      expect(isLoomError(error, 'LOOM_INVALID_OPTION')).toBe(true);
      expect(String(error)).toMatch(text);
    }
  };

  test.each([Number.NaN, -1, 1.5, Infinity, '7', null, 60_001])('timeoutMs %j', (timeoutMs) => {
    refused(() => new HealthModel({ timeoutMs: timeoutMs as number }), /^LoomError: timeoutMs is /);
    const check = { check: () => undefined, timeoutMs: timeoutMs as number };
    refused(() => new HealthModel().add('one', check), /^LoomError: timeoutMs is /);
  });

  test.each([Number.NaN, -1, 1.5, Infinity, '7', null, 600_001])('cacheMs %j', (cacheMs) => {
    refused(() => new HealthModel({ cacheMs: cacheMs as number }), /^LoomError: cacheMs is /);
  });

  test('a name that is empty or taken, a check that is none, a decision that is none', () => {
    const health = new HealthModel({ timeoutMs: undefined, cacheMs: undefined, clock: undefined });
    health.add('one', { check: () => undefined, decides: undefined, timeoutMs: undefined });
    refused(
      () => health.add('one', { check: () => undefined }),
      /name is "one"; give a name that no other check has/,
    );
    refused(() => health.add('', { check: () => undefined }), /name is ""/);
    refused(() => health.add('two', {} as never), /check is undefined/);
    refused(() => health.add('two', undefined as never), /check is undefined/);
    refused(
      () => health.add('two', { check: () => undefined, decides: 'life' as never }),
      /decides is "life"/,
    );
  });
});
