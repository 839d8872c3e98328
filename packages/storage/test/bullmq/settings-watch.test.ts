import { silentLogger } from '@certoai/loom-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OpenRedisClient } from '../../src/bullmq/redis-client.js';
import { SettingsWatch } from '../../src/bullmq/settings-watch.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

/** A server whose settings can be changed, and how often it was asked for them. */
function server(policy: string) {
  const state = { policy, asked: 0, status: 'ready', isUp: true };
  const client = {
    isCluster: false,
    get status() {
      return state.status;
    },
    info: async () => {
      state.asked += 1;
      if (!state.isUp) throw new Error('Connection is closed.');
      return `redis_version:7.2.4\r\nrole:master\r\naof_enabled:1\r\nmaxmemory_policy:${state.policy}\r\n`;
    },
    config: async () => ['save', ''],
  };
  return { state, client: client as unknown as OpenRedisClient };
}

/** The server answers at once. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const checks = (watch: SettingsWatch): readonly string[] => watch.findings().map(({ check }) => check);

test('looks once, says what is wrong, and looks again after a minute until it is right', async () => {
  const { state, client } = server('allkeys-lru');
  const said: unknown[] = [];
  const watch = new SettingsWatch({
    ...silentLogger,
    warn: (_, fields) => void said.push(fields?.['check']),
  });
  expect(checks(watch)).toEqual([]);
  watch.begin(client);
  watch.begin(client);
  await settled();
  expect(checks(watch)).toEqual(['maxmemory-policy']);
  expect(state.asked).toBe(1);

  vi.setSystemTime(Date.now() + 59_999);
  expect(checks(watch)).toEqual(['maxmemory-policy']);
  expect(state.asked).toBe(1);
  vi.setSystemTime(Date.now() + 1);
  expect(checks(watch)).toEqual(['maxmemory-policy']);
  expect(checks(watch)).toEqual(['maxmemory-policy']);
  expect(state.asked).toBe(2);
  // Said once for as long as it is the same.
  expect(said).toEqual(['maxmemory-policy']);

  state.policy = 'noeviction';
  vi.setSystemTime(Date.now() + 60_000);
  checks(watch);
  await settled();
  expect(checks(watch)).toEqual([]);
  // What is right is not looked at again.
  vi.setSystemTime(Date.now() + 3_600_000);
  checks(watch);
  expect(state.asked).toBe(3);
});

test('keeps what it knows while the server cannot be asked', async () => {
  const { state, client } = server('allkeys-lru');
  const watch = new SettingsWatch(silentLogger);
  watch.begin(client);
  await settled();
  expect(checks(watch)).toEqual(['maxmemory-policy']);
  state.status = 'reconnecting';
  vi.setSystemTime(Date.now() + 60_000);
  expect(checks(watch)).toEqual(['maxmemory-policy']);
  expect(state.asked).toBe(1);
  state.status = 'ready';
  state.isUp = false;
  checks(watch);
  await settled();
  expect(state.asked).toBe(2);
  expect(checks(watch)).toEqual(['maxmemory-policy']);
});
