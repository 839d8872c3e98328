import { expect, test } from 'vitest';
import { resolveBullMQOptions } from '../../src/bullmq/bullmq-message-queue-options.js';

test.each([
  ['loom', '{loom}'],
  ['app:{orders}', 'app:{orders}'],
  // A server takes the first brace and nothing else for a hash tag, and none at all when it is empty.
  ['{}app{orders}', '{{}app{orders}}'],
])('puts all keys of the prefix "%s" into one slot of a cluster', (prefix, expected) => {
  const cluster = {
    duplicate: () => cluster,
    defineCommand: () => {},
    status: 'ready',
    isCluster: true,
    options: {},
  };
  expect(resolveBullMQOptions(cluster as never, { prefix }).prefix).toBe(expected);
});
