import { ManualClock } from '@certoai/loom-core/testing';
import { expect, test } from 'vitest';
import { findingsOf, type Look } from '../../src/doctor/bounded-look.js';

const seen = { check: 'version', severity: 'ok', message: 'It is there.' } as const;

test.each([
  [new Error('boom'), 'boom'],
  [null, 'null'],
])('a look that throws %s is a finding beside what it found before', async (thrown, message) => {
  const begin: Look['begin'] = async function* () {
    yield seen;
    throw thrown;
  };
  const findings = await findingsOf({ part: 'redis', begin }, { timeoutMs: 1_000, clock: new ManualClock() });
  expect(findings).toMatchObject([
    { part: 'redis', ...seen },
    { part: 'redis', check: 'answer', severity: 'error', message: expect.stringContaining(`: ${message}`) },
  ]);
});

test('a look that hears nothing of its end is left alone after a second', async () => {
  const clock = new ManualClock();
  const begin: Look['begin'] = async function* () {
    yield seen;
    await new Promise(() => undefined);
  };
  let findings: unknown;
  void findingsOf({ part: 'cosmos', begin }, { timeoutMs: 5_000, clock }).then((found) => (findings = found));
  await clock.advance(5_999);
  expect(findings).toBeUndefined();
  await clock.advance(1);
  expect(findings).toMatchObject([seen, { check: 'answer', message: 'There was no answer within 5000 ms.' }]);
});

test('what a late look finds while it closes does not count', async () => {
  const clock = new ManualClock();
  const begin: Look['begin'] = async function* (signal) {
    yield seen;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    yield { ...seen, check: 'late' };
  };
  const looking = findingsOf({ part: 'redis', begin }, { timeoutMs: 5_000, clock });
  await clock.advance(5_000);
  expect((await looking).map(({ check }) => check)).toEqual(['version', 'answer']);
});
