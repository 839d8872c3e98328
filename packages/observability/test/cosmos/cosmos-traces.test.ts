// A recorder on the real package of Cosmos DB and a server that answers like it, in good times and bad.
import type { ExecutionEvent } from '@certoai/loom-core';
import { createTestSetup } from '@certoai/loom-core/testing';
import { ExecutionTraceRecorder, type ExecutionTraceRecorderOptions } from '@certoai/loom-observability';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCosmos, type TestCosmos } from '../support/cosmos.js';
import { fold, sorted } from '../support/fold.js';
import { dice } from '../support/random.js';
import { randomExecution } from '../support/random-execution.js';
import { wideExecution } from '../support/wide-execution.js';

let cosmos: TestCosmos;
let database = '';
let databases = 0;

beforeAll(async () => {
  cosmos = await startCosmos();
});
beforeEach(async () => {
  database = `db-${(databases += 1)}`;
  await cosmos.database(database);
  cosmos.server.requests.clear();
});
afterEach(() => cosmos.server.faults.clear());
afterAll(() => cosmos[Symbol.asyncDispose]());

function recorder(
  { cosmos: traces, ...options }: ExecutionTraceRecorderOptions = {},
  client = cosmos.client,
): ExecutionTraceRecorder {
  return new ExecutionTraceRecorder(client, { ...options, cosmos: { database, ...traces } });
}

/** Ten executions whose events come in turns. */
function tenAtOnce(): { executions: ExecutionEvent[][]; woven: ExecutionEvent[] } {
  const random = dice(7);
  const executions = Array.from({ length: 10 }, (_, index) =>
    randomExecution(random, { executionId: `01J9F000000000000000000${100 + index}` }),
  );
  const lanes = executions.map((events) => [...events]);
  const woven: ExecutionEvent[] = [];
  while (lanes.some((lane) => lane.length > 0)) {
    for (const lane of random.shuffle(lanes)) woven.push(...lane.splice(0, random.between(0, 3)));
  }
  return { executions, woven };
}

/** Every trace is what its events alone come to. */
async function expectTraces(
  one: ExecutionTraceRecorder,
  executions: readonly ExecutionEvent[][],
): Promise<void> {
  for (const events of executions) {
    const executionId = events[0]?.executionId ?? '';
    const { spans, trace } = fold(events);
    expect(sorted(await one.spans(executionId))).toEqual(sorted(spans));
    expect(await one.summary(executionId)).toEqual(trace.summary());
  }
}

const spanItems = async (): Promise<{ id: string; pk: string; spans: unknown[] }[]> => {
  const { resources } = await cosmos.client
    .database(database)
    .container('execution-spans')
    .items.query('SELECT * FROM c')
    .fetchAll();
  return resources;
};

describe('ten executions at once', () => {
  test('are ten traces', async () => {
    const { executions, woven } = tenAtOnce();
    await using one = recorder();
    for (const event of woven) one.observe(event);
    await expectTraces(one, executions);
    expect((await one.query({ limit: 3 })).items.map(({ executionId }) => executionId)).toEqual(
      executions
        .map((events) => events[0]?.executionId)
        .toReversed()
        .slice(0, 3),
    );
    // Another process reads the same.
    await using other = recorder();
    await expectTraces(other, executions);
  });

  test.each([{ retryAfterMs: 3 }, {}])(
    'lose nothing when every third write is refused with 429 %o',
    async (answer) => {
      const effect = { kind: 'answer', status: 429, substatus: 3_200, ...answer } as const;
      cosmos.server.faults.add({
        match: { operation: ['create-item', 'upsert-item', 'replace-item'] },
        every: 3,
        effect,
      });
      const { executions, woven } = tenAtOnce();
      await using one = recorder();
      for (const event of woven) {
        one.observe(event);
        if (event.type === 'stage:completed') await one.flush();
      }
      await expectTraces(one, executions);
      expect(one.loss()).toMatchObject({ unwrittenRecords: 0, droppedEvents: 0 });
    },
  );

  test('lose and double nothing when every third answer to a write is lost', async () => {
    const effect = { kind: 'disconnect', when: 'after' } as const;
    cosmos.server.faults.add({
      match: { operation: ['create-item', 'upsert-item', 'replace-item'] },
      every: 3,
      effect,
    });
    const { executions, woven } = tenAtOnce();
    await using one = recorder();
    for (const event of woven) {
      one.observe(event);
      if (event.type === 'stage:completed') await one.flush();
    }
    await expectTraces(one, executions);
    expect(one.loss()).toMatchObject({ unwrittenRecords: 0 });
  });

  test('lose nothing when partitions are split meanwhile', async () => {
    const { executions, woven } = tenAtOnce();
    await using one = recorder();
    for (const [place, event] of woven.entries()) {
      one.observe(event);
      if (place % 40 !== 39) continue;
      await one.query({ limit: 5 });
      for (const container of ['execution-spans', 'execution-summaries'])
        cosmos.server.split({ database, container });
    }
    await expectTraces(one, executions);
    expect((await one.query()).items).toHaveLength(10);
    expect(one.loss()).toMatchObject({ unwrittenRecords: 0 });
  });

  test('are read back by who wrote them, although replicas are behind', async () => {
    cosmos.server.faults.setReplicaLagMs(60_000);
    const { executions, woven } = tenAtOnce();
    await using one = recorder();
    for (const event of woven) one.observe(event);
    await expectTraces(one, executions);
    cosmos.server.faults.setReplicaLagMs(0);
  });
});

describe('a large execution', () => {
  test('of 10 000 tasks is a few items in several partitions, none of them near the limit', async () => {
    const events = wideExecution('01J9F00000000000000000WIDE', 10_000);
    await using one = recorder();
    for (const event of events) one.observe(event);
    await one.flush();
    const items = await spanItems();
    expect(items.length).toBeLessThan(60);
    expect(new Set(items.map(({ pk }) => pk)).size).toBeGreaterThan(1);
    for (const item of items) expect(JSON.stringify(item).length).toBeLessThan(500_000);
    const written = items.reduce((sum, { spans }) => sum + spans.length, 0);
    expect(written).toBeGreaterThanOrEqual(10_002);
    await expectTraces(one, [events]);
  });

  test('of tasks with the longest errors there may be stays below the limit, too', async () => {
    const executionId = '01J9F0000000000000000ERRORS';
    const long = '注'.repeat(10_000);
    const error = {
      name: long,
      message: long,
      stack: long,
      code: long,
      cause: { name: long, message: long },
    };
    const events: ExecutionEvent[] = Array.from({ length: 300 }, (_, index) => {
      const task = { executionId, stage: 's', index, attempt: 1, token: 1, actor: 'a', at: index };
      return { ...task, type: 'task:failed', durationMs: 1, willRetry: false, error };
    });
    await using one = recorder();
    for (const event of events) one.observe(event);
    await one.flush();
    expect(one.loss()).toMatchObject({ unwrittenRecords: 0 });
    const items = await spanItems();
    expect(items.length).toBeGreaterThan(1);
    for (const item of items) expect(Buffer.byteLength(JSON.stringify(item))).toBeLessThan(1_000_000);
    await expectTraces(one, [events]);
  });

  test('that is looked at after every event is written in few items, and is right each time', async () => {
    const events = wideExecution('01J9F00000000000000000LOOK', 60);
    await using one = recorder();
    for (const event of events) {
      one.observe(event);
      await one.summary(event.executionId);
    }
    expect((await spanItems()).length).toBeLessThan(events.length / 10);
    await expectTraces(one, [events]);
  });
});

describe('another process', () => {
  test('goes on with a trace where the first one stopped', async () => {
    const events = randomExecution(dice(3), { executionId: '01J9F00000000000000000MOVE' });
    const half = events.length >> 1;
    const first = recorder();
    for (const event of events.slice(0, half)) first.observe(event);
    await first.close();
    await using second = recorder();
    for (const event of events.slice(half)) second.observe(event);
    await expectTraces(second, [events]);
  });
});

describe('age', () => {
  test('removes a trace, by the retention that was asked for', async () => {
    await using short = recorder({ cosmos: { retentionMs: 3_600_000 } });
    await using standard = recorder();
    for (const event of wideExecution('short', 3)) short.observe(event);
    for (const event of wideExecution('standard', 3)) standard.observe(event);
    await Promise.all([short.flush(), standard.flush()]);
    cosmos.server.clock.advance(3_601_000);
    expect(await short.spans('short')).toEqual([]);
    expect((await short.query()).items.map(({ executionId }) => executionId)).toEqual(['standard']);
    cosmos.server.clock.advance(30 * 24 * 3_600_000);
    expect((await short.query()).items).toEqual([]);
  });

  test.each([0, 999, -1, Number.NaN, Infinity, '1d'])('retentionMs may not be %j', (retentionMs) => {
    expect(() => recorder({ cosmos: { retentionMs: retentionMs as number } })).toThrow(
      /^cosmos\.retentionMs is /,
    );
  });
});

describe('a store that fails', () => {
  const allWrites = { match: { operation: ['create-item', 'upsert-item', 'replace-item'] as const } };

  test('costs traces, and is reported once', async () => {
    cosmos.server.faults.add({ ...allWrites, effect: { kind: 'answer', status: 503 } });
    const { logger, log } = createTestSetup();
    const one = recorder({ logger, cosmos: { callMs: 200 } });
    for (let execution = 0; execution < 200; execution++) {
      for (const event of wideExecution(`e-${execution}`, 5)) one.observe(event);
    }
    await one.flush();
    // 7 spans and a summary each.
    expect(one.loss().unwrittenRecords).toBeGreaterThanOrEqual(200 * 7);
    expect(log.filter(({ message }) => message === 'Traces are incomplete')).toHaveLength(1);
    expect(log[0]?.fields['error']).toMatchObject({ code: 'LOOM_STORE_FAILED' });
    await one.close();
  });

  test('is asked no more for a while, so that what waits takes no memory and closing takes no time', async () => {
    cosmos.server.faults.add({ ...allWrites, effect: { kind: 'disconnect', when: 'before' } });
    const one = recorder({ cosmos: { callMs: 200 } });
    for (let execution = 0; execution < 500; execution++) {
      for (const event of wideExecution(`e-${execution}`, 1)) one.observe(event);
    }
    await one.close();
    // Eight traces at a time, and each tried a few times.
    const { requests } = cosmos.server;
    expect(requests.count('create-item')).toBeLessThan(100);
    expect(one.loss().unwrittenRecords).toBeGreaterThanOrEqual(500 * 3);
  });

  test('that never answers is given up on', async () => {
    cosmos.server.faults.add({ ...allWrites, effect: { kind: 'delay', ms: 600_000 } });
    const one = recorder({ cosmos: { requestMs: 50, callMs: 200 } });
    for (const event of wideExecution('a', 3)) one.observe(event);
    await one.close();
    expect(one.loss().unwrittenRecords).toBeGreaterThan(0);
  });

  test('is written to again when it is back', async () => {
    const { clock } = createTestSetup();
    const effect = { kind: 'answer', status: 413 } as const;
    cosmos.server.faults.add({ ...allWrites, times: 1, effect });
    await using one = recorder({ cosmos: { clock } });
    for (const event of wideExecution('refused', 3)) one.observe(event);
    await one.flush();
    for (const event of wideExecution('taken', 3)) one.observe(event);
    await expectTraces(one, [wideExecution('taken', 3)]);
    expect(one.loss().unwrittenRecords).toBeGreaterThan(0);
    const away = cosmos.server.faults.add({ ...allWrites, effect: { kind: 'answer', status: 403 } });
    for (const event of wideExecution('lost', 3)) one.observe(event);
    await one.flush();
    away();
    await expect(one.spans('taken')).rejects.toThrow(
      /not written for 5000 ms after Cosmos DB failed: .* 403/,
    );
    await clock.advance(5_000);
    for (const event of wideExecution('after', 3)) one.observe(event);
    await expectTraces(one, [wideExecution('taken', 3), wideExecution('after', 3)]);
  });

  test('without its containers is named with the commands that create them, and used once they are there', async () => {
    database = 'empty';
    await cosmos.client.databases.createIfNotExists({ id: database });
    const { logger, log, clock } = createTestSetup();
    await using one = recorder({ logger, cosmos: { account: 'shop', clock } });
    for (const event of wideExecution('early', 3)) one.observe(event);
    await one.flush();
    expect(String(log[0]?.fields['error'])).toContain(
      'az cosmosdb sql container create --account-name shop --resource-group <resource-group> --database-name empty --name execution-spans',
    );
    await cosmos.database(database);
    await clock.advance(5_000);
    for (const event of wideExecution('late', 3)) one.observe(event);
    await expectTraces(one, [wideExecution('late', 3)]);
  });
});

test('an identity that only reads loses what it records, and is told which role it lacks', async () => {
  await using secure = await startCosmos({ https: true });
  await secure.database(database);
  const { logger, log } = createTestSetup();
  const writer = recorder({}, secure.signedIn('contributor'));
  const events = wideExecution('a', 3);
  for (const event of events) writer.observe(event);
  await writer.close();
  await using reader = recorder({ logger }, secure.signedIn('reader'));
  await expectTraces(reader, [events]);
  for (const event of wideExecution('b', 3)) reader.observe(event);
  await reader.flush();
  expect(reader.loss()).toMatchObject({ unwrittenRecords: 5 });
  expect(String(log[0]?.fields['error'])).toMatch(
    /403\/5301 .*az cosmosdb sql role assignment create .*--role-definition-id 00000000-0000-0000-0000-000000000002/s,
  );
});

test('ids of any script are listed in their order, page by page', async () => {
  const ids = ['ärger', 'Ω-1', '注文', '👍', 'a/b', 'a b', 'a?b#c', 'a_b', '~', '}', 'a'];
  await using one = recorder();
  for (const executionId of ids) one.observe({ type: 'execution:started', executionId, at: 1 });
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await one.query({ limit: 2, cursor });
    seen.push(...page.items.map(({ executionId }) => executionId));
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(ids.toSorted().toReversed());
});

test('what it costs is told', async () => {
  const charges = new Map<string, number>();
  await using one = recorder({
    cosmos: {
      onCharge: ({ doing, requestUnits }) => charges.set(doing, (charges.get(doing) ?? 0) + requestUnits),
    },
  });
  for (const event of wideExecution('a', 100)) one.observe(event);
  await one.flush();
  expect([...charges.keys()].sort()).toEqual([
    'read spans',
    'read the layout',
    'write a summary',
    'write spans',
  ]);
  for (const units of charges.values()) expect(units).toBeGreaterThan(0);
});
