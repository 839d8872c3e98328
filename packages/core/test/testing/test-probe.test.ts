import { expect, test } from 'vitest';
import { TestProbe } from '@certoai/loom-core/testing';
import { createTestWorker } from '../support/test-worker.ts';

test('a probe takes messages in order, those that came and those that come', async () => {
  await using system = createTestWorker();
  const probe = new TestProbe(system.worker);
  probe.ref.tell(1);
  probe.ref.tell(2);
  expect(await probe.next()).toBe(1);
  expect(await probe.next<number>()).toBe(2);
  const coming = probe.next();
  probe.ref.tell(3);
  expect(await coming).toBe(3);
  expect(probe.messages).toEqual([]);
});

test('an expectation that is not met rejects by name, and soon', async () => {
  await using system = createTestWorker();
  const probe = new TestProbe(system.worker, { timeoutMs: 5 });
  await expect(probe.next()).rejects.toMatchObject({
    code: 'LOOM_TIMEOUT',
    message: 'No message within 5 ms.',
  });
  await expect(probe.terminated()).rejects.toMatchObject({ code: 'LOOM_TIMEOUT' });
});

test('expecting nothing sees what is on its way', async () => {
  await using system = createTestWorker();
  const probe = new TestProbe(system.worker);
  await probe.expectNothing();
  system.worker.spawn(async () => probe.ref.tell('surprise')).tell('go');
  await expect(probe.expectNothing()).rejects.toThrow(/1 messages where none/);
});

test('a probe sees when a watched actor stops', async () => {
  await using system = createTestWorker();
  const probe = new TestProbe(system.worker);
  const ref = system.worker.spawn(() => 1);
  probe.watch(ref);
  const ending = probe.terminated();
  await ref.stop();
  expect((await ending).path).toBe(ref.path);
});

test('a test worker remembers its log, with the fields of its loggers', async () => {
  await using system = createTestWorker();
  const ref = system.worker.spawn(
    () => {
      throw new Error('x');
    },
    { name: 'a' },
  );
  await ref.ask('x').catch(() => undefined);
  expect(system.log).toMatchObject([
    { level: 'warn', message: 'Actor failed', fields: { worker: 'test', directive: 'restart' } },
  ]);
});

test('a test worker can be closed while a handler never returns', async () => {
  const system = createTestWorker();
  system.worker.spawn(() => new Promise(() => {})).tell('x');
  await system[Symbol.asyncDispose]();
  expect(system.clock.pendingTimers).toBe(0);
});
