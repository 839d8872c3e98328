import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { ConfigError, isConfigError, loadConfig } from '../src/index.js';
import { failureOf } from './support/failure-of.js';

test('it carries the brand by which core recognises errors of Loom', async () => {
  const error = await failureOf(loadConfig('/no/such/file.yaml'));
  expect((error as unknown as Record<symbol, unknown>)[Symbol.for('loom.error')]).toBe(true);
  expect(error).toMatchObject({
    name: 'ConfigError',
    code: 'LOOM_NOT_FOUND',
    details: { file: '/no/such/file.yaml' },
  });
  expect(inspect(error)).toMatch(/^ConfigError: \/no\/such\/file\.yaml does not exist\./);
});

test('isConfigError recognises another copy, and nothing else', () => {
  const foreign = Object.assign(new Error('x'), {
    name: 'ConfigError',
    code: 'LOOM_NOT_FOUND',
    [Symbol.for('loom.error')]: true,
  });
  expect(isConfigError(foreign)).toBe(true);
  expect(isConfigError(foreign, 'LOOM_NOT_FOUND')).toBe(true);
  expect(isConfigError(foreign, 'LOOM_INVALID_CONFIG')).toBe(false);
  expect(isConfigError(new ConfigError('LOOM_INVALID_OPTION', 'x'), 'LOOM_INVALID_OPTION')).toBe(true);
  for (const other of [undefined, null, 'x', new Error('x'), { name: 'ConfigError' }]) {
    expect(isConfigError(other)).toBe(false);
  }
});
