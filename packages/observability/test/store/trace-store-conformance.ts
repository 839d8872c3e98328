// What every trace store must do, as data: any test runner can run it.
import assert from 'node:assert/strict';
import { isLoomError } from '@certoai/loom-core';
import type { ExecutionSpan, ExecutionSummary, TraceQueryFilter } from '@certoai/loom-observability';
import { parseFilter, type TraceQuery } from '../../src/query/trace-query.js';
import { ExecutionLog } from '../../src/recording/execution-log.js';
import { ExecutionTrace } from '../../src/recording/execution-trace.js';
import type { LoggedExecution } from '../../src/recording/logged-execution.js';
import type { TraceStore } from '../../src/store/trace-store.js';
import { drain, sorted, unbounded } from '../support/fold.js';
import { randomExecution } from '../support/random-execution.js';
import { dice, type Dice } from '../support/random.js';
import { randomFilter, selectNaively } from '../support/random-filter.js';

export interface TraceStoreHarness {
  /** A fresh, empty store with room for 1 000 executions and 20 000 spans. */
  create(): Promise<TraceStore>;
}

export interface ConformanceCase {
  /** A sentence about behaviour. */
  readonly name: string;
  run(harness: TraceStoreHarness): Promise<void>;
}

interface Trace {
  readonly executionId: string;
  readonly spans: readonly ExecutionSpan[];
  readonly summary: ExecutionSummary;
  /** When it went as most do and is finished. */
  readonly log?: LoggedExecution | undefined;
}

export const traceStoreConformance: readonly ConformanceCase[] = [
  {
    name: 'knows nothing of an execution it was not given',
    async run({ create }) {
      await using store = await create();
      assert.equal(await store.summary('nobody'), undefined);
      assert.deepEqual(await store.spans('nobody'), []);
      assert.deepEqual(await store.query(all()), []);
    },
  },
  {
    name: 'gives back spans and summary as they were given',
    async run({ create }) {
      await using store = await create();
      const traces = randomTraces(dice(1), 20);
      for (const trace of traces) await write(store, trace);
      for (const { executionId, spans, summary } of traces) {
        assert.deepStrictEqual(sorted(await store.spans(executionId)), sorted(spans));
        assert.deepStrictEqual(await store.summary(executionId), summary);
      }
    },
  },
  {
    name: 'reads executions that it keeps in one piece as if they had been written, and goes on with them',
    async run({ create }) {
      await using store = await create();
      if (store.keep === undefined) return;
      const traces = randomTraces(dice(13), 120).filter(({ log }) => log !== undefined);
      assert(traces.length > 10, 'the data did not put it to the test');
      assert.deepEqual(await store.keep(traces.map(({ log }) => log as LoggedExecution)), { evicted: [] });
      for (const { executionId, spans, summary } of traces) {
        assert.equal(store.mayHave(executionId), true);
        assert.deepStrictEqual(sorted(await store.spans(executionId)), sorted(spans));
        assert.deepStrictEqual(await store.summary(executionId), summary);
      }
      for (const [place, { executionId, spans, summary }] of traces.entries()) {
        const [first] = spans;
        assert(first);
        const changed = { ...first, attributes: { place } };
        if (place % 2 === 0) await store.append(executionId, [changed]);
        await store.upsert({ ...summary, status: 'failed' });
        const expected = place % 2 === 0 ? [changed, ...spans.slice(1)] : spans;
        assert.deepStrictEqual(sorted(await store.spans(executionId)), sorted(expected));
        assert.deepStrictEqual(await store.summary(executionId), { ...summary, status: 'failed' });
      }
      assert.equal((await ids(store, { status: 'failed' })).length, traces.length);
    },
  },
  {
    name: 'keeps the newest state of a span and of a summary, and nothing of the older',
    async run({ create }) {
      await using store = await create();
      const executionId = idOf(1);
      const trace = new ExecutionTrace(executionId, unbounded);
      const written = new Map<string, ExecutionSpan>();
      for (const event of randomExecution(dice(2), { executionId })) {
        trace.fold(event);
        const changed = drain(trace, new Map());
        for (const span of changed) written.set(span.spanId, span);
        if (changed.length > 0) await store.append(executionId, changed);
        await store.upsert(trace.summary());
      }
      assert.deepStrictEqual(sorted(await store.spans(executionId)), sorted([...written.values()]));
      assert.deepStrictEqual(await store.summary(executionId), trace.summary());
      assert.equal((await store.query(all())).length, 1);
    },
  },
  {
    name: 'takes as many spans at once as it says, and thousands of one execution',
    async run({ create }) {
      await using store = await create();
      const executionId = idOf(3);
      const trace = new ExecutionTrace(executionId, unbounded);
      for (let index = 0; index < 5_000; index++) {
        trace.fold({
          type: 'task:started',
          executionId,
          stage: 'wide',
          index,
          attempt: 1,
          token: 1,
          actor: 'worker',
          at: index,
        });
      }
      for (
        let spans = trace.takeChanged(store.maxBatch);
        spans.length > 0;
        spans = trace.takeChanged(store.maxBatch)
      ) {
        assert.deepEqual(await store.append(executionId, spans), { evicted: [] });
      }
      assert.equal((await store.spans(executionId)).length, 5_002);
    },
  },
  {
    name: 'keeps executions apart when they are written in turns',
    async run({ create }) {
      await using store = await create();
      const traces = randomTraces(dice(4), 10);
      const lanes = traces.map(({ spans }) => [...spans]);
      while (lanes.some((lane) => lane.length > 0)) {
        for (const [place, lane] of lanes.entries()) {
          const span = lane.shift();
          if (span !== undefined) await store.append(traces[place]?.executionId ?? '', [span]);
        }
      }
      for (const { executionId, spans } of traces) {
        assert.deepStrictEqual(sorted(await store.spans(executionId)), sorted(spans));
      }
    },
  },
  {
    name: 'may have what it was given, whatever it says of others',
    async run({ create }) {
      await using store = await create();
      const [trace] = randomTraces(dice(12), 1);
      assert(trace);
      assert.equal(typeof store.mayHave(trace.executionId), 'boolean');
      await store.append(trace.executionId, trace.spans.slice(0, 1));
      assert.equal(store.mayHave(trace.executionId), true);
    },
  },
  {
    name: 'is not changed through the list it was given',
    async run({ create }) {
      await using store = await create();
      const [trace] = randomTraces(dice(5), 1);
      assert(trace);
      const given = [...trace.spans];
      await store.append(trace.executionId, given);
      given.length = 0;
      assert.equal((await store.spans(trace.executionId)).length, trace.spans.length);
    },
  },
  ...(
    [
      'executionId',
      'name',
      'status',
      'stage',
      'actor',
      'errorCode',
      'tags',
      'startedFrom',
      'startedBefore',
      'minDurationMs',
    ] as const
  ).map((field): ConformanceCase => ({
    name: `selects exactly what ${field} says`,
    async run({ create }) {
      await using store = await create();
      const random = dice(6);
      const traces = await fill(store, random, 150);
      let selective = 0;
      for (let round = 0; round < 60; round++) {
        const filter = randomFilter(random, traces, [field]);
        const found = await ids(store, filter);
        assert.deepEqual(found, selectNaively(traces, filter), JSON.stringify(filter));
        if (found.length > 0 && found.length < traces.length) selective += 1;
      }
      assert(selective > 0, 'the data did not put the filter to the test');
    },
  })),
  {
    name: 'selects exactly what several fields say together',
    async run({ create }) {
      await using store = await create();
      const random = dice(7);
      const traces = await fill(store, random, 200);
      let selective = 0;
      for (let round = 0; round < 500; round++) {
        const filter = randomFilter(random, traces);
        const found = await ids(store, filter);
        assert.deepEqual(found, selectNaively(traces, filter), JSON.stringify(filter));
        if (found.length > 0 && found.length < traces.length) selective += 1;
      }
      assert(selective > 50, `only ${selective} filters selected some and not all`);
    },
  },
  {
    name: 'finds an execution by what is said of it last',
    async run({ create }) {
      await using store = await create();
      const [trace] = randomTraces(dice(8), 1);
      assert(trace);
      await write(store, { ...trace, summary: { ...trace.summary, status: 'running' } });
      await store.upsert({ ...trace.summary, status: 'failed' });
      assert.deepEqual(await ids(store, { status: 'running' }), []);
      assert.deepEqual(await ids(store, { status: 'failed' }), [trace.executionId]);
    },
  },
  {
    name: 'gives the newest first, as many as asked for',
    async run({ create }) {
      await using store = await create();
      const traces = await fill(store, dice(9), 30);
      const newest = traces
        .map(({ executionId }) => executionId)
        .sort()
        .reverse();
      assert.deepEqual(await ids(store, { limit: 1 }), newest.slice(0, 1));
      assert.deepEqual(await ids(store, { limit: 7 }), newest.slice(0, 7));
      assert.deepEqual(await ids(store, { limit: 1_000 }), newest);
    },
  },
  {
    name: 'pages through everything once, whatever is added and changed meanwhile',
    async run({ create }) {
      await using store = await create();
      const random = dice(10);
      const traces = await fill(store, random, 60);
      const seen: string[] = [];
      for (let before: string | undefined; ;) {
        const page = await store.query({ ...all(), limit: 7, before });
        seen.push(...page.map(({ executionId }) => executionId));
        before = page.at(-1)?.executionId;
        if (page.length < 7) break;
        // Newer ones come in, and an older one goes on.
        for (const trace of randomTraces(random, 3, 1_000 + seen.length)) await write(store, trace);
        await write(store, random.pick(traces));
      }
      assert.deepEqual(
        seen,
        traces
          .map(({ executionId }) => executionId)
          .sort()
          .reverse(),
      );
    },
  },
  {
    name: 'takes and gives nothing more once it is closed, and can be closed twice',
    async run({ create }) {
      const store = await create();
      const [trace] = randomTraces(dice(11), 1);
      assert(trace);
      await write(store, trace);
      await store.close();
      await store.close();
      const closed = (error: unknown): boolean => isLoomError(error, 'LOOM_CLOSED');
      await assert.rejects(store.append(trace.executionId, trace.spans), closed);
      if (store.keep !== undefined) await assert.rejects(store.keep([]), closed);
      await assert.rejects(store.upsert(trace.summary), closed);
      await assert.rejects(store.summary(trace.executionId), closed);
      await assert.rejects(store.spans(trace.executionId), closed);
      await assert.rejects(store.query(all()), closed);
    },
  },
];

function all(): TraceQuery {
  return parseFilter({});
}

async function ids(store: TraceStore, filter: TraceQueryFilter): Promise<string[]> {
  const found = await store.query(parseFilter({ limit: 1_000, ...filter }));
  return found.map(({ executionId }) => executionId);
}

async function write(store: TraceStore, { executionId, spans, summary }: Trace): Promise<void> {
  for (let from = 0; from < spans.length; from += store.maxBatch) {
    await store.append(executionId, spans.slice(from, from + store.maxBatch));
  }
  await store.upsert(summary);
}

async function fill(store: TraceStore, random: Dice, count: number): Promise<readonly Trace[]> {
  const traces = randomTraces(random, count);
  for (const trace of random.shuffle(traces)) {
    if (store.keep !== undefined && trace.log !== undefined) await store.keep([trace.log]);
    else await write(store, trace);
  }
  return traces;
}

/** Ids like those of an id source: of one length, rising. */
function idOf(number: number): string {
  return `01J9F0000000000000000${String(number).padStart(5, '0')}`;
}

export function randomTraces(random: Dice, count: number, from = 0): Trace[] {
  return Array.from({ length: count }, (_, place): Trace => {
    const executionId = idOf(from + place);
    const trace = new ExecutionTrace(executionId, unbounded);
    const recorded = new ExecutionLog(executionId, unbounded);
    let isPlain = true;
    for (const event of randomExecution(random, { executionId })) {
      const tags = random.shuffle(['gold', 'eu', 'retail']).slice(0, random.between(0, 3));
      const tagged = event.type === 'execution:started' ? Object.assign({ ...event }, { tags }) : event;
      trace.fold(tagged);
      isPlain &&= recorded.fold(tagged) === 'folded';
    }
    const log = isPlain && recorded.finished ? recorded.logged : undefined;
    return { executionId, spans: drain(trace, new Map()), summary: trace.summary(), log };
  });
}
