import { rejects } from 'node:assert/strict';
import { isLoomError, silentLogger } from '@certoai/loom-core';
import type { Logger } from '@certoai/loom-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.js';
import { EmbeddedExecutionStore } from '../../src/embedded/embedded-execution-store.js';
import { resolveEmbeddedStoreOptions } from '../../src/embedded/embedded-store-options.js';
import { completed, execution, fiveSteps, step, times } from './executions.js';
import { OpenedStores, drivers } from './opened-stores.js';

describe.each(drivers)('group commit on %s', (driver) => {
  const stores = new OpenedStores();
  let database: EmbeddedDatabase;
  let store: EmbeddedExecutionStore;

  const logged: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    error(message, fields) {
      logged.push({ message, operations: fields?.['operations'] });
      throw new Error('a logger that fails');
    },
  };

  async function open(sliceMs: number): Promise<void> {
    logged.length = 0;
    database = EmbeddedDatabase.open(
      resolveEmbeddedStoreOptions({ path: stores.folder(), driver, logger }),
      sliceMs,
    );
    store = new EmbeddedExecutionStore(database);
    await store.create(execution('known-definition'));
  }

  // A slow machine must not split what these tests count.
  beforeEach(() => open(Number.POSITIVE_INFINITY));
  afterEach(async () => {
    database.close();
    await stores.clear();
  });

  /** What `work` costs. */
  async function cost(
    work: () => Promise<unknown>,
  ): Promise<{ readonly transactions: number; readonly statements: number }> {
    const before = database.counters;
    await work();
    const after = database.counters;
    return {
      transactions: after.transactions - before.transactions,
      statements: after.statements - before.statements,
    };
  }

  test('writes all that is asked for in one turn of the event loop in one transaction', async () => {
    const creating = await cost(() => Promise.all(times(100).map((n) => store.create(execution(`e${n}`)))));
    expect(creating).toEqual({ transactions: 1, statements: 100 });
    const recording = await cost(() =>
      Promise.all(times(100).map((n) => store.record(completed(`e${n}`, 0)))),
    );
    expect(recording).toEqual({ transactions: 1, statements: 100 });
  });

  test('takes one transaction for the same step of a hundred executions', async () => {
    const { transactions, statements } = await cost(() =>
      Promise.all(times(100).map((n) => fiveSteps(store, `e${n}`))),
    );
    expect(transactions).toBe(6);
    expect(statements).toBe(100 * 11);
  });

  test('spends one statement on a create and a record, and one more than its records on a commit', async () => {
    expect(await cost(() => store.create(execution('e1')))).toEqual({ transactions: 1, statements: 1 });
    expect(await cost(() => store.record(completed('e1', 0)))).toEqual({ transactions: 1, statements: 1 });
    const records = times(7).map((index) => completed('e1', 10 + index));
    expect(await cost(() => store.commit(step('e1', 1, { records })))).toEqual({
      transactions: 1,
      statements: 8,
    });
    const retry = completed('e1', 1, { kind: 'pending', next: 2 });
    expect(await cost(() => store.record(retry))).toEqual({ transactions: 1, statements: 1 });
    expect((await cost(() => store.commit(step('e1', 2, { status: 'completed' })))).statements).toBe(1);
  });

  test('writes nothing for what is refused and for what is only read', async () => {
    await store.create(execution('e1', { wakeAt: 1 }));
    await store.record(completed('e1', 0));
    await store.claim({ holder: 'a', now: 0, leaseMs: 10, limit: 1 });
    const free = await cost(async () => {
      await store.record(completed('e1', 0));
      await store.commit(step('e1', 9));
      await store.create(execution('e1'));
      await store.load('e1');
      await store.list({});
      await store.records({ executionId: 'e1', node: 'work' });
      expect((await store.claim({ holder: 'a', now: 5, leaseMs: 10, limit: 1 })).ids).toEqual(['e1']);
      await store.leave('a');
    });
    expect(free).toEqual({ transactions: 0, statements: 0 });
  });

  test('splits what would block the event loop for long', async () => {
    database.close();
    await open(0);
    const records = times(1_000).map((index) => completed('known-definition', index));
    const { transactions, statements } = await cost(async () => {
      const replies = await Promise.all(records.map((entry) => store.record(entry)));
      expect(replies.map((reply) => reply.accepted && reply.counters.done)).toEqual(times(1_001).slice(1));
    });
    expect(statements).toBe(1_000);
    expect(transactions).toBeGreaterThan(10);
  });

  test('shows a reader what was asked for before it, and nothing that is not on disk yet', async () => {
    await store.create(execution('e1'));
    const committing = store.commit(step('e1', 1));
    const loading = store.load('e1');
    expect(await Promise.race([committing.then(() => 'committed'), loading.then(() => 'loaded')])).toBe(
      'committed',
    );
    expect((await loading)?.version).toBe(2);
  });

  test('rejects everything in a transaction that fails, and goes on from what the file says', async () => {
    await store.create(execution('e1'));
    const broken = database.prepare('INSERT INTO records (execution) VALUES (?)');
    const outcomes = await Promise.allSettled([
      store.commit(step('e1', 1)),
      store.record(completed('e1', 0)),
      store.create(execution('e2')),
      database.enqueue((transaction) => transaction.run(broken, [1])),
      store.record(completed('e1', 1)),
    ]);
    const [first, second, third, fourth, fifth] = outcomes;
    for (const lost of [first, second, third, fourth]) {
      expect(lost?.status === 'rejected' && isLoomError(lost.reason, 'LOOM_STORE_FAILED')).toBe(true);
    }
    // It came after the failure, so it found what the file says.
    expect(fifth).toMatchObject({
      status: 'fulfilled',
      value: { accepted: true, counters: { done: 1, failed: 0 } },
    });
    expect(database.counters.failures).toBe(1);
    expect(logged).toEqual([{ message: 'Transaction of the embedded store failed', operations: 4 }]);
    expect(await store.load('e2')).toBeUndefined();
    expect(await store.commit(step('e1', 1))).toEqual({ committed: true, version: 2 });
    expect(await store.record(completed('e1', 0))).toMatchObject({ accepted: true, counters: { done: 2 } });
    expect(await store.create(execution('e2'))).toEqual({ created: true, id: 'e2' });
  });

  test('rejects everything while memory cannot be brought back to what the file says', async () => {
    let isUnreadable = true;
    database.onReload(() => {
      if (isUnreadable) throw new Error('the disk is away');
    });
    await store.create(execution('e1'));
    const broken = database.prepare('INSERT INTO records (execution) VALUES (?)');
    await rejects(database.enqueue((transaction) => transaction.run(broken, [1])));
    const lost = await Promise.allSettled([
      store.load('e1'),
      store.record(completed('e1', 0)),
      store.list({}),
    ]);
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    isUnreadable = false;
    expect(await store.record(completed('e1', 0))).toMatchObject({ accepted: true });
    expect((await store.load('e1'))?.version).toBe(1);
  });

  test('lets nobody hold anything after a transaction that fails, as a claim may be lost with it', async () => {
    await store.claim({ holder: 'a', now: 0, leaseMs: 100, limit: 1 });
    await store.create(execution('held', { holder: 'a' }));
    await store.create(execution('claimed'));
    const request = { holder: 'a', now: 1, leaseMs: 100, limit: 1 };
    const broken = database.prepare('INSERT INTO records (execution) VALUES (?)');
    const lost = [
      store.create(execution('other')),
      store.claim(request),
      database.enqueue((transaction) => transaction.run(broken, [1])),
    ];
    for (const { status } of await Promise.allSettled(lost)) expect(status).toBe('rejected');
    expect((await store.load('held'))?.seat).toBeUndefined();
    const { ids, renewed, seat, freeSeats } = await store.claim({ ...request, limit: 9 });
    expect(ids.toSorted()).toEqual(['claimed', 'held', 'known-definition']);
    expect({ renewed, seat, freeSeats }).toEqual({ renewed: false, seat: 0, freeSeats: [] });
  });

  test('loses only the operation that fails before it has written', async () => {
    const failing = database.enqueue(() => {
      throw new Error('before it has written');
    });
    const creating = store.create(execution('e1'));
    await rejects(failing, (error) => isLoomError(error, 'LOOM_STORE_FAILED'));
    expect(await creating).toEqual({ created: true, id: 'e1' });
    expect(database.counters.failures).toBe(0);
  });

  test('writes what waits when it is closed', async () => {
    const creating = store.create(execution('e1'));
    database.close();
    expect(await creating).toEqual({ created: true, id: 'e1' });
    await rejects(
      database.enqueue(() => 1),
      (error) => isLoomError(error, 'LOOM_CLOSED'),
    );
    await rejects(
      database.read(() => 1),
      (error) => isLoomError(error, 'LOOM_CLOSED'),
    );
    const again = await stores.open({ path: database.folder, driver });
    expect((await again.executions.load('e1'))?.version).toBe(1);
  });
});
