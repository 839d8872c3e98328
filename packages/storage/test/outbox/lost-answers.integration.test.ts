import { randomUUID } from 'node:crypto';
import { RedisOutboxStore } from '@certoai/loom-storage/redis';
import { expect, inject, onTestFinished, test } from 'vitest';
import { LossyProxy } from '../redis/lossy-proxy.js';

const { url } = inject('redis');

test('a commit whose answer was lost is done once, and answered as the first time', async () => {
  const proxy = await LossyProxy.to(url);
  const store = new RedisOutboxStore(proxy.url, { keyPrefix: `test-${randomUUID()}` });
  onTestFinished(async () => {
    await store.close();
    proxy.close();
  });
  await store.stats();
  for (const writes of [[{ key: 'a', value: '1', ifVersion: 0 }], []]) {
    const lost = proxy.loseNextAnswer();
    const reply = await store.commit({ writes, messages: [{ key: 'k', content: 'm' }] });
    await lost;
    expect(reply).toEqual({ committed: true, versions: writes.map(() => 1) });
  }
  expect(await store.read('a')).toEqual({ value: '1', version: 1 });
  expect((await store.stats()).waiting).toBe(2);
});
