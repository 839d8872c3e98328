import { isLoomError, LoomError } from '@certoai/loom-core';
import { describe, expect, test, vi } from 'vitest';
import { boom } from '../support/open-worker.ts';

describe('isLoomError', () => {
  test('recognises errors of another copy of core, and by their code', async () => {
    vi.resetModules();
    const other = await import('../../src/errors/loom-error.ts');
    const error = new other.LoomError('LOOM_TIMEOUT', 'late');
    expect(error).not.toBeInstanceOf(LoomError);
    expect([
      isLoomError(error),
      isLoomError(error, 'LOOM_TIMEOUT'),
      isLoomError(error, 'LOOM_CLOSED'),
    ]).toEqual([true, true, false]);
    expect(other.isLoomError(new LoomError('LOOM_CLOSED', 'closed'), 'LOOM_CLOSED')).toBe(true);
  });

  test.each([undefined, null, 'LOOM_TIMEOUT', 7, {}, new Error('no'), { code: 'LOOM_TIMEOUT' }])(
    'does not take %o for one',
    (value) => {
      expect(isLoomError(value)).toBe(false);
    },
  );

  test('says no to what cannot be looked at, and does not throw', () => {
    expect(isLoomError(new Proxy({}, { has: boom }))).toBe(false);
    const disguised = Object.defineProperty(new LoomError('LOOM_CLOSED', 'closed'), 'code', { get: boom });
    expect([isLoomError(disguised), isLoomError(disguised, 'LOOM_CLOSED')]).toEqual([true, false]);
  });

  test('an error keeps code, details and cause, and is an Error by name', () => {
    const cause = new Error('deep');
    const error = new LoomError('LOOM_CONFLICT', 'taken', { name: 'a' }, { cause });
    expect(error).toBeInstanceOf(Error);
    expect({ ...error, name: error.name, message: error.message, cause: error.cause }).toMatchObject({
      name: 'LoomError',
      message: 'taken',
      code: 'LOOM_CONFLICT',
      details: { name: 'a' },
      cause,
    });
    expect(new LoomError('LOOM_CONFLICT', 'taken').details).toEqual({});
  });
});
