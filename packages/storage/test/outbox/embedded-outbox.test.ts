import { isLoomError } from '@certoai/loom-core';
import { OutboxPattern } from '@certoai/loom-storage';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { execution, step } from '../embedded/executions.js';
import { OpenedStores, drivers } from '../embedded/opened-stores.js';

describe.each(drivers)('EmbeddedStore.outbox on %s', (driver) => {
  const stores = new OpenedStores();
  afterEach(() => stores.clear());

  test('loses a commit that the disk has no room for, and nothing else', async () => {
    const store = await stores.open({ driver, maxBytes: 1_048_576 });
    const { outbox } = store;
    await outbox.commit({ writes: [{ key: 'a', value: '1' }], messages: [{ key: 'k', content: 'one' }] });
    const { lanes } = await outbox.claim({ token: 'before', leaseMs: 60_000, limit: 10 });
    const big = 'x'.repeat(2_000_000);
    const refused = outbox.commit({
      writes: [{ key: 'a', value: '2' }],
      messages: [{ key: 'k', content: big }],
    });
    await expect(refused).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_STORE_FULL'));
    expect(await outbox.read('a')).toEqual({ value: '1', version: 1 });
    await outbox.commit({ writes: [], messages: [{ key: 'k', content: 'two' }] });
    // Memory was read from the file again: who had the lane has it no more.
    const outcomes = lanes.map(({ lane, messages }) => ({ lane, sent: messages.map(({ id }) => id) }));
    await outbox.settle('before', outcomes);
    const again = await outbox.claim({ token: 'after', leaseMs: 60_000, limit: 10 });
    expect(again.lanes.flatMap(({ messages }) => messages.map(({ content }) => content))).toEqual([
      'one',
      'two',
    ]);
  });

  test('goes on with the queue of the same store after a restart, and never gives an id twice', async () => {
    const store = await stores.open({ driver });
    await new OutboxPattern(store.outbox, store.messages).commit({ messages: [{ queue: 'mails', body: 1 }] });
    const heir = await stores.crash(store);
    const outbox = new OutboxPattern(heir.outbox, heir.messages);
    await outbox.start();
    const bodies: unknown[] = [];
    await heir.messages.consume('mails', async ({ body }) => void bodies.push(body));
    await vi.waitFor(() => expect(bodies).toEqual([1]));
    await vi.waitFor(async () => expect((await outbox.stats()).waiting).toBe(0));
    await outbox.close();
    const third = await stores.crash(heir);
    await third.outbox.commit({ writes: [], messages: [{ content: 'x' }] });
    const { lanes } = await third.outbox.claim({ token: 't', leaseMs: 60_000, limit: 1 });
    expect(lanes[0]?.messages[0]?.id).toBe('2');
  });

  test('is that of the executions, whose steps store their messages in one transaction', async () => {
    const store = await stores.open({ driver, maxBytes: 1_048_576 });
    const { executions, outbox } = store;
    expect(outbox).toBe(executions.outbox);
    await executions.create(execution('e1'));
    await outbox.commit({ writes: [], messages: [{ key: 'k', content: 'before' }] });
    const message = { key: 'k', content: 'x'.repeat(2_000_000) };
    const refused = executions.commit(step('e1', 1, { messages: [message] }));
    await expect(refused).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_STORE_FULL'));
    expect((await executions.load('e1'))?.version).toBe(1);
    await executions.commit(step('e1', 1, { messages: [{ key: 'k', content: 'after' }] }));
    const heir = await stores.crash(store);
    expect((await heir.executions.load('e1'))?.version).toBe(2);
    const { lanes } = await heir.outbox.claim({ token: 't', leaseMs: 60_000, limit: 10 });
    expect(lanes[0]?.messages.map(({ content }) => content)).toEqual(['before', 'after']);
  });

  test('is closed with the store', async () => {
    const store = await stores.open({ driver });
    const { outbox } = store;
    await store.close();
    await expect(outbox.stats()).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_CLOSED'));
    const other = await stores.open({ driver });
    await other.close();
    expect(() => other.outbox).toThrow('closed');
  });
});
