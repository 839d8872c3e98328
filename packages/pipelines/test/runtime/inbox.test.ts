import { silentLogger, type JsonValue, type NewExecution } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { InMemoryExecutionStore, InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { expect, test } from 'vitest';
import { Inbox, inboxQueue, type InboxMessage } from '../../src/runtime/inbox.js';

const clock = new ManualClock();

function execution(id: string, holder?: string): NewExecution {
  const definition = { hash: 'h', text: '{}' };
  return { id, definition, input: '1', state: '{}', createdAt: 0, wakeAt: null, holder };
}

const reportOf = (executionId: string, index = 0) => ({
  executionId,
  stage: 's',
  index,
  attempt: 1,
  token: 1,
  outcome: { kind: 'completed', output: '1' },
});

/** An inbox that serves seat 0 and has the executions of `here`; the others are in the store. */
async function openInbox(here: readonly string[]) {
  const queue = new InMemoryMessageQueue({ clock });
  const store = new InMemoryExecutionStore();
  const delivered: InboxMessage[] = [];
  const deliver = async (message: InboxMessage): Promise<boolean> => {
    const isHere = here.includes(message.executionId);
    if (isHere) delivered.push(message);
    return isHere;
  };
  const inbox = new Inbox({ queue, store, logger: silentLogger, deliver, seat: () => 0 });
  await inbox.serve(0, []);
  return {
    queue,
    store,
    delivered,
    send: (body: unknown) => queue.send(inboxQueue(0), [{ body: body as JsonValue }]),
    async [Symbol.asyncDispose]() {
      await inbox.close();
      await queue.close();
      await store.close();
    },
  };
}

test('the reports of one message each go where their execution lives', async () => {
  await using inbox = await openInbox(['here']);
  const { store, queue, send, delivered } = inbox;
  await store.claim({ holder: 'me', now: 0, leaseMs: 1e9, limit: 0 });
  await store.claim({ holder: 'other', now: 0, leaseMs: 1e9, limit: 0 });
  await store.create(execution('there', 'other'));
  await send({
    reports: [reportOf('here', 1), reportOf('there', 2), reportOf('gone', 3), reportOf('here', 4)],
  });
  await clock.advance(10);
  expect(delivered.map((message) => 'index' in message && message.index)).toEqual([1, 4]);
  expect(await queue.stats(inboxQueue(0))).toMatchObject({ ready: 0, active: 0, delayed: 0, dead: 0 });
  expect(await queue.stats(inboxQueue(1))).toMatchObject({ ready: 1 });
  const forwarded: unknown[] = [];
  await queue.consume(inboxQueue(1), async ({ body }) => void forwarded.push(body));
  await clock.advance(10);
  expect(forwarded).toEqual([{ reports: [reportOf('there', 2)] }]);
});

test('those that nobody serves now come again, without the ones that were taken', async () => {
  await using inbox = await openInbox(['here']);
  const { store, queue, send, delivered } = inbox;
  await store.create(execution('nobody'));
  await send({ reports: [reportOf('nobody', 1), reportOf('here', 2)] });
  await clock.advance(10);
  expect(delivered).toHaveLength(1);
  expect(await queue.stats(inboxQueue(0))).toMatchObject({ delayed: 1, active: 0 });
  await send({ reports: [reportOf('nobody', 1)] });
  await clock.advance(300);
  expect(delivered).toHaveLength(1);
  expect(await queue.stats(inboxQueue(0))).toMatchObject({ dead: 0 });
  expect((await queue.stats(inboxQueue(0))).delayed).toBe(2);
});

test('what is no message for an orchestrator is a dead letter, as a whole', async () => {
  await using inbox = await openInbox(['here']);
  const { queue, send, delivered } = inbox;
  const strange = [
    1,
    null,
    {},
    { executionId: 'here' },
    { reports: [reportOf('here'), { executionId: 'here' }] },
  ];
  for (const body of strange) await send(body);
  await clock.advance(10);
  expect(delivered).toEqual([]);
  expect((await queue.deadLetters.list(inboxQueue(0))).items.map(({ reason }) => reason)).toEqual(
    strange.map(() => 'Not a message for an orchestrator.'),
  );
});
