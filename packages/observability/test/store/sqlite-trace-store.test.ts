import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isLoomError, silentLogger } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import {
  ExecutionTraceRecorder,
  openSqliteTraceStore,
  type SqliteTraceStore,
  type SqliteTraceStoreOptions,
  type TraceStore,
} from '@certoai/loom-observability';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseFilter } from '../../src/query/trace-query.js';
import { loadSqliteDriver } from '../../src/store/sqlite-driver.js';
import { fold } from '../support/fold.js';
import { wideExecution } from '../support/wide-execution.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folders = mkdtempSync(join(tmpdir(), 'loom-traces-'));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(folders, 'one-'));
});
afterAll(() => {
  rmSync(folders, { recursive: true });
});

async function write(store: TraceStore, executionId: string, tasks = 20, finished = true): Promise<string[]> {
  const events = wideExecution(executionId, tasks);
  const { spans, trace } = fold(finished ? events : events.slice(0, -1));
  const evicted: string[] = [];
  for (let from = 0; from < spans.length; from += store.maxBatch) {
    const reply = await store.append(executionId, spans.slice(from, from + store.maxBatch));
    evicted.push(...reply.evicted.map((one) => one.executionId));
  }
  const reply = await store.upsert(trace.summary());
  return [...evicted, ...reply.evicted.map((one) => one.executionId)];
}

async function kept(store: TraceStore): Promise<string[]> {
  return (await store.query(parseFilter({ limit: 1_000 }))).map(({ executionId }) => executionId);
}

async function codeOf(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return isLoomError(error) ? error.code : 'no LoomError';
  }
}

describe('traces in a folder', () => {
  test('are there after a restart, and a recorder goes on with them', async () => {
    const store = await openSqliteTraceStore({ folder: join(folder, 'made', 'here') });
    const recorder = new ExecutionTraceRecorder(undefined, { store });
    const events = wideExecution('a', 50);
    for (const event of events.slice(0, 60)) recorder.observe(event);
    await recorder.close();
    expect(await kept(store)).toEqual(['a']);
    await store.close();

    await using again = await openSqliteTraceStore({ folder: join(folder, 'made', 'here') });
    expect(again.mayHave('a')).toBe(true);
    expect(again.mayHave('b')).toBe(false);
    await using next = new ExecutionTraceRecorder(undefined, { store: again });
    for (const event of events.slice(60)) next.observe(event);
    const expected = fold(events);
    expect(await next.summary('a')).toEqual(expected.trace.summary());
    expect(await next.spans('a')).toHaveLength(expected.spans.length);
    expect(next.loss()).toMatchObject({ unwrittenRecords: 0, evictedExecutions: 0 });
  });

  test('can be read by another process while they are written', async () => {
    await using writer = await openSqliteTraceStore({ folder });
    await using reader = await openSqliteTraceStore({ folder });
    for (const executionId of ['a', 'b', 'c']) {
      await write(writer, executionId);
      expect(await kept(reader)).toContain(executionId);
      expect(await reader.spans(executionId)).toHaveLength(22);
    }
  });

  test('that somebody else holds are a failure in bounded time, and written again when he lets go', async () => {
    await using store = await openSqliteTraceStore({ folder });
    await write(store, 'a');
    const other = loadSqliteDriver()(join(folder, 'traces.db'));
    other.exec('BEGIN IMMEDIATE');
    expect(await codeOf(() => write(store, 'b'))).toBe('LOOM_STORE_FAILED');
    expect(await kept(store)).toEqual(['a']);
    other.exec('ROLLBACK');
    other.close();
    await write(store, 'b');
    expect(await kept(store)).toEqual(['b', 'a']);
  });

  test('never fail an execution: what is not stored is counted', async () => {
    await using store = await openSqliteTraceStore({ folder });
    const other = loadSqliteDriver()(join(folder, 'traces.db'));
    other.exec('BEGIN IMMEDIATE');
    await using recorder = new ExecutionTraceRecorder(undefined, { store, logger: silentLogger });
    for (const event of wideExecution('a', 10)) recorder.observe(event);
    await recorder.flush();
    expect(recorder.loss().unwrittenRecords).toBeGreaterThan(0);
    other.exec('ROLLBACK');
    other.close();
    for (const event of wideExecution('b', 10)) recorder.observe(event);
    expect(await recorder.summary('b')).toMatchObject({ attempts: 10 });
  });
});

describe('room', () => {
  test('is made by removing what was not written to for the longest time, and the file stays within it', async () => {
    const maxBytes = 2 ** 21;
    const clock = new ManualClock();
    await using store = await openSqliteTraceStore({ folder, maxBytes, clock });
    const evicted: string[] = [];
    for (let execution = 100; execution < 130; execution++) {
      await clock.advance(1);
      evicted.push(...(await write(store, `e-${execution}`, 700)));
    }
    const left = await kept(store);
    expect(evicted.length).toBeGreaterThan(10);
    expect(evicted).toEqual(Array.from({ length: evicted.length }, (_, place) => `e-${100 + place}`));
    expect([...evicted, ...left.toReversed()]).toHaveLength(30);
    for (const executionId of evicted) expect(await store.spans(executionId)).toEqual([]);
    for (const executionId of left) expect(await store.spans(executionId)).toHaveLength(702);
    // One batch is written before room is made.
    expect(statSync(join(folder, 'traces.db')).size).toBeLessThan(maxBytes * 1.5);
  });

  test('is not made by the execution that is written, though it alone is too large', async () => {
    await using store = await openSqliteTraceStore({ folder, maxBytes: 2 ** 20 });
    await write(store, 'a');
    expect(await write(store, 'b', 6_000)).toEqual(['a']);
    expect(await store.spans('b')).toHaveLength(6_002);
  });

  test('is made by executions that are kept in one piece, too, and their spans are counted', async () => {
    const maxBytes = 2 ** 20;
    await using store = await openSqliteTraceStore({ folder, maxBytes });
    await using recorder = new ExecutionTraceRecorder(undefined, { store });
    for (let execution = 100; execution < 160; execution++) {
      for (const event of wideExecution(`e-${execution}`, 700)) recorder.observe(event);
      await recorder.flush();
    }
    const { evictedExecutions, evictedSpans, ...others } = recorder.loss();
    const left = await kept(store);
    expect(evictedExecutions).toBeGreaterThan(10);
    expect(evictedSpans).toBe(evictedExecutions * 702);
    expect(Object.values(others)).toEqual([0, 0, 0]);
    expect(left).toHaveLength(60 - evictedExecutions);
    expect(left[0]).toBe('e-159');
    for (const executionId of left) expect(await store.spans(executionId)).toHaveLength(702);
    expect(statSync(join(folder, 'traces.db')).size).toBeLessThan(maxBytes * 1.5);
  });

  test('is made by age: what is finished and old goes, what is not finished stays', async () => {
    const clock = new ManualClock();
    await using store = await openSqliteTraceStore({ folder, maxAgeMs: 86_400_000, clock });
    await write(store, 'finished');
    await write(store, 'running', 20, false);
    for (let execution = 0; execution < 25; execution++) await write(store, `old-${execution}`);
    await clock.advance(86_400_000);
    await write(store, 'new');
    expect(await kept(store)).toHaveLength(28);
    await clock.advance(60_000);
    for (let round = 0; round < 3; round++) expect(await write(store, 'new')).toEqual([]);
    expect(await kept(store)).toEqual(['running', 'new']);
    expect(await store.spans('finished')).toEqual([]);
  });
});

test('whatever was said to be stored is there after the process was killed, and whole', async () => {
  const program = fileURLToPath(new URL('./trace-writer-program.ts', import.meta.url));
  const env = { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json`, NODE_NO_WARNINGS: '1' };
  const child = spawn(process.execPath, ['--import', 'tsx', program, folder], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stored: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    stored.push(line);
    if (stored.length === 25) child.kill('SIGKILL');
  }
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
  await using store = await openSqliteTraceStore({ folder });
  const left = await kept(store);
  for (const executionId of stored) {
    expect(left).toContain(executionId);
    expect(await store.spans(executionId)).toHaveLength(302);
    expect(await store.summary(executionId)).toMatchObject({ status: 'completed', attempts: 300 });
  }
  await write(store, 'after');
}, 60_000);

describe('a file', () => {
  test('of another program is refused and not changed', async () => {
    const other = loadSqliteDriver()(join(folder, 'traces.db'));
    other.exec('CREATE TABLE mine (value TEXT); PRAGMA application_id=77');
    other.close();
    expect(await codeOf(() => openSqliteTraceStore({ folder }))).toBe('LOOM_STORE_CORRUPT');
    const again = loadSqliteDriver()(join(folder, 'traces.db'));
    expect(again.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()).toMatchObject([
      { name: 'mine' },
    ]);
    again.close();
  });

  test('of version 1 is taken over with what it holds', async () => {
    const old = await openSqliteTraceStore({ folder });
    await write(old, 'a', 3);
    await old.close();
    const file = loadSqliteDriver()(join(folder, 'traces.db'));
    file.exec('ALTER TABLE traces DROP COLUMN log; ALTER TABLE traces DROP COLUMN log_spans');
    file.exec('PRAGMA user_version=1');
    file.close();
    for (const executionId of ['b', 'c']) {
      await using store = await openSqliteTraceStore({ folder });
      await using recorder = new ExecutionTraceRecorder(undefined, { store });
      for (const event of wideExecution(executionId, 3)) recorder.observe(event);
      expect(await recorder.spans(executionId)).toHaveLength(5);
      expect(await store.spans('a')).toHaveLength(5);
      expect(await kept(store)).toContain('a');
    }
  });

  test('of a newer version is refused', async () => {
    await (await openSqliteTraceStore({ folder })).close();
    const other = loadSqliteDriver()(join(folder, 'traces.db'));
    other.exec('PRAGMA user_version=99');
    other.close();
    await expect(openSqliteTraceStore({ folder })).rejects.toThrow(/newer version/);
  });

  test('that is no database, and a folder that cannot be made, are told apart from a bug', async () => {
    writeFileSync(
      join(folder, 'traces.db'),
      'no database at all, and long enough to be looked at '.repeat(50),
    );
    expect(await codeOf(() => openSqliteTraceStore({ folder }))).toBe('LOOM_STORE_FAILED');
    writeFileSync(join(folder, 'file'), '');
    expect(await codeOf(() => openSqliteTraceStore({ folder: join(folder, 'file', 'inside') }))).toBe(
      'LOOM_STORE_FAILED',
    );
    mkdirSync(join(folder, 'taken', 'traces.db'), { recursive: true });
    expect(await codeOf(() => openSqliteTraceStore({ folder: join(folder, 'taken') }))).toBe(
      'LOOM_STORE_FAILED',
    );
  });
});

describe('options', () => {
  const wrong = [Number.NaN, 0, -1, 1.5, Infinity, 2 ** 53, '7', null, {}];
  test.each(['maxAgeMs', 'maxBytes'].flatMap((option) => wrong.map((value) => [option, value] as const)))(
    '%s may not be %j',
    async (option, value) => {
      const options = { folder, [option]: value } as SqliteTraceStoreOptions;
      expect(await codeOf(() => openSqliteTraceStore(options))).toBe('LOOM_INVALID_OPTION');
    },
  );

  test.each([
    {},
    { folder: '' },
    { folder: 7 },
    undefined,
    { folder: 'x', driver: 'sqlite3' },
    { folder: 'x', maxBytes: 2 ** 20 - 1 },
  ])('%j are refused', async (options) => {
    expect(await codeOf(() => openSqliteTraceStore(options as SqliteTraceStoreOptions))).toBe(
      'LOOM_INVALID_OPTION',
    );
  });

  test('an explicit undefined is the default', async () => {
    const options = { folder, maxAgeMs: undefined, maxBytes: undefined, driver: undefined, clock: undefined };
    await using store: SqliteTraceStore = await openSqliteTraceStore(options);
    expect(await write(store, 'a')).toEqual([]);
  });

  test('a recorder takes a store or a Cosmos client, and no half of either', async () => {
    await using store = await openSqliteTraceStore({ folder });
    const client = { database: () => ({}) } as never;
    expect(() => new ExecutionTraceRecorder(client, { store })).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
    expect(() => new ExecutionTraceRecorder(undefined, { store: {} as never })).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
  });
});
