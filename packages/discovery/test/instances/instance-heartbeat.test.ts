import { ManualClock } from '@certoai/loom-core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type ActorInstance,
  InMemoryInstanceRegistry,
  InstanceHeartbeat,
  type InstanceHeartbeatOptions,
} from '../../src/index.js';
import { failureOf, messageOf } from '../support/failure-of.js';
import { instance } from '../support/instance.js';

let clock: ManualClock;
let instances: InMemoryInstanceRegistry;
let now: ActorInstance;
let heartbeat: InstanceHeartbeat;
let lines: string[];

beforeEach(() => {
  clock = new ManualClock();
  instances = new InMemoryInstanceRegistry({ clock, leaseMs: 900 });
  now = instance('a');
  lines = [];
  heartbeat = create();
});
afterEach(async () => {
  await heartbeat.close().catch(() => {});
  await instances.close();
  expect(clock.pendingTimers).toBe(0);
});

function create(options: Partial<InstanceHeartbeatOptions> = {}): InstanceHeartbeat {
  const log = (message: string): void => void lines.push(message);
  const logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
  return new InstanceHeartbeat({ instances, describe: () => now, clock, logger, ...options });
}

test('an instance stays registered for as long as it runs, and is gone at once when it closes', async () => {
  await Promise.all([heartbeat.start(), heartbeat.start()]);
  await clock.advance(10_000);
  expect(await instances.list()).toEqual([instance('a')]);
  await Promise.all([heartbeat.close(), heartbeat.close()]);
  expect(await instances.list()).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('what changes is told with the next heartbeat, or at once on demand', async () => {
  await heartbeat.start();
  now = { ...now, slots: { used: 3, total: 10 } };
  await clock.advance(300);
  expect((await instances.list())[0]?.slots.used).toBe(3);
  now = { ...now, status: 'draining' };
  await heartbeat.beat();
  expect((await instances.list())[0]?.status).toBe('draining');
  now = { ...now, actors: [{ type: 'printer', version: '1.0.0' }] };
  await heartbeat.beat();
  expect(await instances.list({ actorType: 'mailer' })).toEqual([]);
  expect(await instances.list({ actorType: 'printer' })).toHaveLength(1);
});

test('an instance that the registry has forgotten registers again', async () => {
  await heartbeat.start();
  await instances.deregister('a');
  await clock.advance(300);
  expect(await instances.list()).toHaveLength(1);
});

test('a heartbeat that fails is logged, and the next one is sent', async () => {
  await heartbeat.start();
  const ready = now;
  now = { ...now, slots: { used: 11, total: 10 } };
  await clock.advance(300);
  expect(lines).toEqual(['An instance could not send its heartbeat']);
  now = ready;
  await clock.advance(900);
  expect(lines).toHaveLength(1);
  expect(await instances.list()).toHaveLength(1);
});

test('what cannot be registered is thrown by start', async () => {
  now = { ...now, id: '' };
  expect((await failureOf(() => heartbeat.start())).code).toBe('LOOM_INVALID_OPTION');
});

test('an id never changes', async () => {
  await heartbeat.start();
  now = instance('b');
  expect(await messageOf(() => heartbeat.beat())).toMatchInlineSnapshot(
    `"An instance cannot change its id from "a" to "b". Close this heartbeat and start another."`,
  );
  expect((await instances.list()).map(({ id }) => id)).toEqual(['a']);
});

test('closing while it starts leaves nothing behind', async () => {
  const starting = heartbeat.start();
  await heartbeat.close();
  await starting;
  expect(await instances.list()).toEqual([]);
});

test('it does not run before it is started, nor after it is closed', async () => {
  expect(await messageOf(() => heartbeat.beat())).toMatchInlineSnapshot(
    `"The heartbeat of this instance is not running: start() it first, or after close() start another."`,
  );
  await heartbeat.close();
  expect((await failureOf(() => heartbeat.start())).code).toBe('LOOM_CLOSED');
  expect((await failureOf(() => heartbeat.beat())).code).toBe('LOOM_CLOSED');
});

test.each([0, 901, Number.NaN, Infinity])('refuses an interval of %s', (intervalMs) => {
  expect(() => create({ intervalMs })).toThrow(`intervalMs is ${intervalMs}; give a whole number, 1 to 900.`);
});
