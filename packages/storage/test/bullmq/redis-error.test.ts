import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { translateRedisError } from '../../src/bullmq/redis-error.js';

test('what Redis refused keeps its cause, and nothing of the payload', () => {
  const refused = Object.assign(new Error('ERR no'), { command: { name: 'hset', args: ['key', 'secret'] } });
  const error = translateRedisError(refused, 'store messages');
  expect(error).toMatchObject({ code: 'LOOM_STORE_FAILED', cause: refused });
  expect(inspect(error, { depth: 10 })).not.toContain('secret');
});
