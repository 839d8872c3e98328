import { silentLogger, type ExecutionEvent, type Logger } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import {
  resolveRecorderOptions,
  type ExecutionTraceRecorderOptions,
} from '../../src/execution-trace-recorder-options.js';
import { parseFilter } from '../../src/query/trace-query.js';
import { TraceRecording } from '../../src/recording/trace-recording.js';
import { ControlledTraceStore } from '../support/controlled-trace-store.js';
import { fold, sorted } from '../support/fold.js';
import { randomExecution } from '../support/random-execution.js';
import { dice } from '../support/random.js';
import { summaryOfSpans } from '../support/summary-of-spans.js';
import { wideExecution } from '../support/wide-execution.js';

const nothingLost = {
  droppedEvents: 0,
  malformedEvents: 0,
  evictedExecutions: 0,
  evictedSpans: 0,
  unwrittenRecords: 0,
};

function recordingOn(store: ControlledTraceStore, options?: ExecutionTraceRecorderOptions): TraceRecording {
  return new TraceRecording(store, resolveRecorderOptions(options));
}

function observeAll(recording: TraceRecording, events: readonly ExecutionEvent[]): void {
  for (const event of events) recording.observe(event);
}

function started(executionId: string, at = 1): ExecutionEvent {
  return { type: 'execution:started', executionId, at };
}

function finished(executionId: string, at = 9): ExecutionEvent {
  return { type: 'execution:finished', executionId, at, status: 'completed' };
}

function warnings(): { logger: Logger; lines: unknown[] } {
  const lines: unknown[] = [];
  return {
    lines,
    logger: { ...silentLogger, warn: (message, fields) => lines.push({ message, ...fields }) },
  };
}

describe('observing', () => {
  test('does nothing but take note; the work comes in a later turn', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    observeAll(recording, wideExecution('a', 10));
    await Promise.resolve();
    expect(store).toMatchObject({ lookups: 0, writtenSpans: 0 });
    await settled(10);
    expect(store).toMatchObject({ lookups: 1, writtenSpans: 12, writtenSummaries: 1 });
    expect(recording.loss()).toEqual(nothingLost);
  });

  test('takes anything without throwing, and counts what is no event', async () => {
    await using recording = recordingOn(new ControlledTraceStore());
    const rude = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hands off');
        },
      },
    );
    const rudeInside = { ...started('a'), type: 'stage:failed', stage: 's', error: rude };
    const strange = [
      undefined,
      null,
      0,
      'text',
      [],
      {},
      { executionId: 7 },
      { executionId: '' },
      { executionId: 'a' },
      rude,
      rudeInside,
    ];
    observeAll(recording, strange as ExecutionEvent[]);
    observeAll(recording, [started('a')]);
    await recording.flush();
    expect(recording.loss()).toEqual({ ...nothingLost, malformedEvents: strange.length });
    expect(await recording.store.summary('a')).toMatchObject({ status: 'running' });
  });

  test('beyond the buffer drops, counts, and marks the traces that miss something', async () => {
    const { logger, lines } = warnings();
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store, { maxBufferedEvents: 10, logger });
    observeAll(recording, wideExecution('a', 10));
    expect(recording.loss().droppedEvents).toBe(14);
    observeAll(recording, [started('b')]);
    await recording.flush();
    expect(recording.loss()).toEqual({ ...nothingLost, droppedEvents: 15 });
    expect(await recording.store.summary('a')).toMatchObject({
      status: 'running',
      partial: true,
      attempts: 4,
    });
    expect(lines).toEqual([{ message: 'Traces are incomplete', kind: 'droppedEvents' }]);
    // There is room again, what is new is whole, and what was marked is not written again.
    const { writtenSummaries } = store;
    observeAll(recording, [started('c'), finished('c')]);
    await recording.flush();
    expect(store.writtenSummaries).toBe(writtenSummaries + 1);
    expect(await recording.store.summary('c')).toMatchObject({ partial: false });
    // What lost its first event does not know when it began.
    observeAll(recording, [finished('b')]);
    await recording.flush();
    expect(await recording.store.summary('b')).toMatchObject({ partial: true });
  });

  test('keeps nothing of progress and has no room taken by it', async () => {
    await using recording = recordingOn(new ControlledTraceStore(), { maxBufferedEvents: 2 });
    const progress = {
      executionId: 'a',
      stage: 's',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'x',
      at: 1,
    } as const;
    for (let times = 0; times < 100; times++)
      recording.observe({ ...progress, type: 'task:progressed', progress: 'secret' });
    observeAll(recording, [started('a'), finished('a')]);
    await recording.flush();
    expect(recording.loss()).toEqual(nothingLost);
  });
});

describe('executions side by side', () => {
  test('never mix, in whatever rhythm their events and the turns come', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = dice(seed);
      await using recording = recordingOn(new ControlledTraceStore({ maxBatch: 3 }));
      const streams = Array.from({ length: 10 }, (_, place) =>
        randomExecution(random, { executionId: `execution-${place}`, startAt: 1_000 }),
      );
      const lanes = streams.map((events) => [...events]);
      while (lanes.some((lane) => lane.length > 0)) {
        const event = random.pick(lanes).shift();
        if (event !== undefined) recording.observe(event);
        if (random.chance(0.1)) await settled(1);
      }
      await recording.flush();
      for (const events of streams) {
        const expected = fold(events);
        const { executionId } = expected.trace;
        const spans = await recording.store.spans(executionId);
        expect(sorted(spans)).toEqual(sorted(expected.spans));
        expect(await recording.store.summary(executionId)).toEqual(summaryOfSpans(spans));
      }
      expect(recording.loss()).toEqual(nothingLost);
    }
  });

  test('are put away when they are finished, and a straggler finds what was stored', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    const events = wideExecution('a', 5);
    observeAll(recording, events);
    await recording.flush();
    const before = { spans: sorted(await store.spans('a')), summary: await store.summary('a') };
    store.lookups = 0;
    observeAll(recording, events);
    await recording.flush();
    expect(store.lookups).toBe(1);
    expect(sorted(await store.spans('a'))).toEqual(before.spans);
    expect(await store.summary('a')).toEqual(before.summary);
    observeAll(recording, [
      {
        type: 'task:started',
        executionId: 'a',
        stage: 'wide',
        index: 5,
        attempt: 1,
        token: 1,
        actor: 'worker',
        at: 8,
      },
    ]);
    await recording.flush();
    expect(await store.summary('a')).toMatchObject({ attempts: 6, status: 'completed' });
  });

  test('that wait are put away to make room for others, and go on whole', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store, { maxExecutions: 5 });
    observeAll(recording, [started('waiting')]);
    await recording.flush();
    for (let other = 0; other < 50; other++) {
      observeAll(recording, [started(`other-${other}`)]);
      await recording.flush();
    }
    observeAll(recording, [finished('waiting')]);
    await recording.flush();
    expect(await store.summary('waiting')).toMatchObject({
      status: 'completed',
      startedAt: 1,
      partial: false,
    });
    expect(recording.loss()).toEqual(nothingLost);
  });
});

describe('writing', () => {
  test('waits for the end of an execution, so that each span is written once', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    for (const event of wideExecution('a', 20)) {
      recording.observe(event);
      await settled(1);
    }
    await settled(5);
    expect(store).toMatchObject({ writtenSpans: 22, writtenSummaries: 1 });
  });

  test('does not wait for it when somebody reads', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    observeAll(recording, [started('a')]);
    await settled(5);
    expect(store.writtenSpans).toBe(0);
    await recording.flush();
    expect(store.writtenSpans).toBe(1);
    await recording.flush();
    expect(store).toMatchObject({ writtenSpans: 1, writtenSummaries: 1 });
  });

  test('does not wait for it when memory runs short', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store, { maxExecutions: 8 });
    observeAll(
      recording,
      Array.from({ length: 6 }, (_, place) => started(`e-${place}`)),
    );
    await settled(5);
    expect(store.writtenSpans).toBe(6);
    const other = new ControlledTraceStore();
    await using wide = recordingOn(other, { maxSpans: 40 });
    observeAll(wide, wideExecution('a', 15).slice(0, -1));
    observeAll(wide, wideExecution('b', 15).slice(0, -1));
    await settled(5);
    expect(other.writtenSpans).toBeGreaterThanOrEqual(30);
  });

  test('that is under way takes up by itself what finished meanwhile', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    observeAll(recording, [started('a'), started('b')]);
    await recording.flush();
    const release = store.hold();
    observeAll(recording, [finished('a')]);
    await settled(3);
    observeAll(recording, [finished('b')]);
    await settled(3);
    release();
    await settled(5);
    expect(await store.summary('a')).toMatchObject({ status: 'completed' });
    expect(await store.summary('b')).toMatchObject({ status: 'completed' });
  });

  test('of a finished execution does not lose the straggler that comes meanwhile', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    observeAll(recording, [started('a')]);
    await recording.flush();
    const release = store.hold();
    observeAll(recording, [finished('a')]);
    await settled(3);
    const straggler = { executionId: 'a', stage: 's', index: 0, attempt: 1, token: 1, actor: 'x' } as const;
    observeAll(recording, [{ ...straggler, type: 'task:completed', at: 5, durationMs: 1 }]);
    await settled(3);
    release();
    await recording.flush();
    expect(await store.summary('a')).toMatchObject({ status: 'completed', attempts: 1 });
    expect(await store.spans('a')).toHaveLength(3);
  });

  test('frees the memory of what is finished', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store, { maxSpans: 40 });
    for (let execution = 0; execution < 50; execution++) {
      observeAll(recording, wideExecution(`e-${execution}`, 10));
      await settled(3);
    }
    await recording.flush();
    expect(recording.loss()).toEqual(nothingLost);
    for (let execution = 0; execution < 50; execution++) {
      expect(await store.summary(`e-${execution}`)).toMatchObject({ attempts: 10, partial: false });
    }
  });
});

describe('a burst', () => {
  test('of more executions than fit loses none of the latest, and counts every other one whole', async () => {
    const store = new ControlledTraceStore({ maxExecutions: 50 });
    await using recording = recordingOn(store, { maxExecutions: 50 });
    const names = Array.from({ length: 500 }, (_, place) => `execution-${String(place).padStart(3, '0')}`);
    observeAll(
      recording,
      names.map((executionId) => started(executionId)),
    );
    await recording.flush();
    observeAll(
      recording,
      names.map((executionId) => finished(executionId)),
    );
    await recording.flush();
    const kept = await store.query(parseFilter());
    expect(kept.map(({ executionId }) => executionId)).toEqual(names.slice(-50).reverse());
    for (const summary of kept) expect(summary).toMatchObject({ status: 'completed', partial: false });
    expect(recording.loss()).toEqual({
      ...nothingLost,
      evictedExecutions: 450,
      evictedSpans: 450,
      droppedEvents: 450,
    });
  });

  test('of more spans than fit, of executions that can be put away meanwhile, loses none', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store, { maxSpans: 40 });
    const streams = Array.from({ length: 20 }, (_, place) => wideExecution(`e-${place}`, 8).slice(0, -1));
    observeAll(recording, streams.flat());
    await recording.flush();
    for (const [place] of streams.entries()) {
      expect(await store.summary(`e-${place}`)).toMatchObject({ attempts: 8, partial: false });
    }
    expect(recording.loss()).toEqual(nothingLost);
  });

  test('of more spans than fit, of executions that all go on, ends: what finds no room is dropped', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store, { maxSpans: 60 });
    const streams = Array.from({ length: 5 }, (_, place) => wideExecution(`e-${place}`, 100).slice(0, -1));
    observeAll(recording, streams.flat());
    await recording.flush();
    let spans = 0;
    for (const [place] of streams.entries()) {
      const summary = await store.summary(`e-${place}`);
      expect(summary).toMatchObject({ partial: true });
      expect(summary).toEqual(summaryOfSpans(await store.spans(`e-${place}`)));
      spans += (await store.spans(`e-${place}`)).length;
    }
    expect(spans).toBeGreaterThanOrEqual(60);
    expect(recording.loss().droppedEvents).toBeGreaterThan(0);
    // There is room for what comes when they are over.
    observeAll(
      recording,
      streams.map((_, place) => finished(`e-${place}`, 500)),
    );
    observeAll(recording, wideExecution('later', 10));
    await recording.flush();
    expect(await store.summary('later')).toMatchObject({ attempts: 10, partial: false });
    // And what has to wait for room waits again.
    const { droppedEvents } = recording.loss();
    observeAll(
      recording,
      Array.from({ length: 300 }, (_, place) => started(`burst-${place}`)),
    );
    await recording.flush();
    expect(recording.loss()).toMatchObject({ droppedEvents });
  });
});

describe('a store with limits', () => {
  test('that removed an execution hears no more of it, and what comes is counted', async () => {
    const store = new ControlledTraceStore({ maxExecutions: 2 });
    await using recording = recordingOn(store);
    for (const executionId of ['a', 'b', 'c']) {
      observeAll(recording, [started(executionId)]);
      await recording.flush();
    }
    expect(recording.loss()).toEqual({ ...nothingLost, evictedExecutions: 1, evictedSpans: 1 });
    observeAll(recording, [finished('a'), finished('b'), finished('c')]);
    await recording.flush();
    expect(recording.loss()).toEqual({
      ...nothingLost,
      evictedExecutions: 1,
      evictedSpans: 1,
      droppedEvents: 1,
    });
    expect(await store.summary('a')).toBeUndefined();
    expect(await store.summary('b')).toMatchObject({ status: 'completed', partial: false });
  });

  test('that removes an execution while it is looked up costs the events that wait for it', async () => {
    const store = new ControlledTraceStore({ maxExecutions: 2 });
    await using recording = recordingOn(store);
    observeAll(recording, [started('a'), started('b'), finished('a'), finished('b')]);
    await recording.flush();
    observeAll(recording, [started('c')]);
    await settled(5);
    const release = store.holdLookups();
    observeAll(recording, [finished('a', 10), finished('a', 11), finished('c')]);
    await settled(5);
    expect(recording.loss()).toEqual({
      ...nothingLost,
      evictedExecutions: 1,
      evictedSpans: 1,
      droppedEvents: 2,
    });
    release();
    await recording.flush();
    expect(recording.loss()).toMatchObject({ droppedEvents: 2 });
    expect(await store.summary('a')).toBeUndefined();
  });

  test('keeps the latest of many that run at the same time, and those whole', async () => {
    const store = new ControlledTraceStore({ maxExecutions: 10 });
    await using recording = recordingOn(store, { maxExecutions: 10 });
    const names = Array.from({ length: 50 }, (_, place) => `execution-${String(place).padStart(2, '0')}`);
    for (const executionId of names) {
      observeAll(recording, [started(executionId)]);
      await recording.flush();
    }
    for (const executionId of names) {
      observeAll(recording, [finished(executionId)]);
      await recording.flush();
    }
    const kept = await store.query(parseFilter());
    expect(kept.map(({ executionId }) => executionId)).toEqual(names.slice(-10).reverse());
    for (const summary of kept) expect(summary).toMatchObject({ status: 'completed', partial: false });
  });

  test('leaves half of its spans to others, whatever one execution wants', async () => {
    const store = new ControlledTraceStore({ maxSpans: 100 });
    await using recording = recordingOn(store, { maxSpans: 100 });
    observeAll(recording, wideExecution('small', 10));
    observeAll(recording, wideExecution('huge', 500));
    await recording.flush();
    expect(await store.spans('huge')).toHaveLength(50);
    expect(await store.spans('small')).toHaveLength(12);
    const summary = await store.summary('huge');
    expect(summary).toMatchObject({ partial: true, status: 'completed', tasks: 500, attempts: 48 });
    expect(summary).toEqual(summaryOfSpans(await store.spans('huge')));
    expect(recording.loss()).toEqual({ ...nothingLost, droppedEvents: 2 * (500 - 48) });
  });
});

describe('a slow store', () => {
  test('is given what changed meanwhile at once, and each span once', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    observeAll(recording, [started('a')]);
    await recording.flush();
    const release = store.hold();
    const reading = recording.flush();
    const [, ...rest] = wideExecution('a', 100);
    for (const event of rest) {
      recording.observe(event);
      await settled(1);
    }
    release();
    await Promise.all([reading, recording.flush()]);
    expect(await store.summary('a')).toMatchObject({ status: 'completed', attempts: 100 });
    // 200 changes of attempts, 100 spans; one write of the stage and a few of the root.
    expect(store.writtenSpans).toBeLessThan(110);
  });

  test('keeps a trace open until all of it is written, and others wait outside', async () => {
    const store = new ControlledTraceStore({ maxBatch: 5 });
    await using recording = recordingOn(store, { maxExecutions: 1 });
    const [first, ...rest] = wideExecution('a', 50);
    observeAll(recording, [first as ExecutionEvent]);
    await recording.flush();
    const release = store.hold();
    observeAll(recording, rest.slice(0, -1));
    await settled(5);
    observeAll(recording, [started('b'), rest.at(-1) as ExecutionEvent, finished('b')]);
    await settled(5);
    release();
    await recording.flush();
    expect(await store.summary('a')).toMatchObject({ status: 'completed', attempts: 50, partial: false });
    expect(await store.spans('a')).toHaveLength(52);
    expect(await store.summary('b')).toMatchObject({ status: 'completed', partial: false });
    expect(recording.loss()).toEqual(nothingLost);
  });

  test('that never answers costs a bounded amount of memory, and no execution any time', async () => {
    const store = new ControlledTraceStore();
    const release = store.hold();
    const recording = recordingOn(store, { maxExecutions: 3, maxBufferedEvents: 50 });
    for (let execution = 0; execution < 20; execution++)
      observeAll(recording, wideExecution(`e-${execution}`, 10));
    await settled(10);
    const { droppedEvents } = recording.loss();
    // Three executions wait for the store with all their events; of the others nothing is held.
    expect(droppedEvents).toBe(20 * 24 - 50);
    release();
    await recording.close();
  });

  test('lets a flush end while events keep coming', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    let stop = false;
    let next = 0;
    const produce = (): void => {
      for (let events = 0; events < 100; events++) recording.observe(started(`execution-${next++}`));
      if (!stop) setImmediate(produce);
    };
    produce();
    await recording.flush();
    expect(await store.summary('execution-99')).toBeDefined();
    stop = true;
    await recording.flush();
  });
});

describe('a failing store', () => {
  test('that loses every third write costs only what it lost, and the traces say so', async () => {
    const store = new ControlledTraceStore({ maxBatch: 2 });
    const { logger, lines } = warnings();
    await using recording = recordingOn(store, { logger });
    store.failEvery(3);
    for (let execution = 0; execution < 30; execution++)
      observeAll(recording, randomExecution(dice(execution), { executionId: `e-${execution}` }));
    await recording.flush();
    const { unwrittenRecords, ...others } = recording.loss();
    expect(unwrittenRecords).toBeGreaterThan(0);
    expect({ ...others, unwrittenRecords: 0 }).toEqual(nothingLost);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ kind: 'unwrittenRecords', error: { code: 'LOOM_STORE_FAILED' } });
  });

  test('that is away loses all that was to be written, and counts it', async () => {
    const store = new ControlledTraceStore({ maxBatch: 2 });
    await using recording = recordingOn(store);
    store.failEvery(1);
    observeAll(recording, wideExecution('a', 10));
    await recording.flush();
    expect(recording.loss()).toEqual({ ...nothingLost, unwrittenRecords: 12 });
  });

  test('that is away and comes back has whole traces from then on, and marked ones of before', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    store.failEvery(1);
    observeAll(recording, [started('torn'), ...wideExecution('gone', 3)]);
    await recording.flush();
    expect(recording.loss()).toMatchObject({ unwrittenRecords: 6 });
    store.failEvery(0);
    observeAll(recording, [finished('torn'), started('new'), finished('new')]);
    await recording.flush();
    expect(await store.summary('gone')).toBeUndefined();
    expect(await store.summary('torn')).toMatchObject({ status: 'completed', partial: true });
    expect(await store.summary('new')).toMatchObject({ status: 'completed', partial: false });
    expect(recording.loss()).toMatchObject({ unwrittenRecords: 6 });
  });

  test('that cannot say what it has leads to a new trace that says it is partial', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    store.failLookups(true);
    observeAll(recording, [started('a'), finished('a')]);
    await recording.flush();
    expect(await store.summary('a')).toMatchObject({ status: 'completed', partial: true });
  });

  test('that gives back what is no trace leads to a new one that says it is partial', async () => {
    const store = new ControlledTraceStore();
    await using recording = recordingOn(store);
    store.spans = () => Promise.resolve([null as never]);
    observeAll(recording, [started('a'), finished('a')]);
    await recording.flush();
    expect(await store.summary('a')).toMatchObject({ status: 'completed', partial: true });
  });

  test('and a logger that throws change nothing for who observes', async () => {
    const store = new ControlledTraceStore();
    const logger: Logger = {
      ...silentLogger,
      warn: () => {
        throw new Error('disk full');
      },
    };
    await using recording = recordingOn(store, { logger });
    store.failEvery(1);
    observeAll(recording, [started('a')]);
    await recording.flush();
    expect(recording.loss()).toMatchObject({ unwrittenRecords: 1 });
  });
});

describe('closing', () => {
  test('brings everything to the store first, and counts what comes after', async () => {
    const store = new ControlledTraceStore();
    const recording = recordingOn(store);
    observeAll(recording, wideExecution('a', 1_000));
    const closing = recording.close();
    observeAll(recording, [started('b')]);
    expect(recording.close()).toBe(closing);
    await closing;
    expect(store.writtenSpans).toBeGreaterThanOrEqual(1_002);
    observeAll(recording, [started('c')]);
    expect(recording.loss()).toEqual({ ...nothingLost, droppedEvents: 2 });
    await recording.flush();
  });

  test('leaves no timer and no immediate behind', async () => {
    const before = process
      .getActiveResourcesInfo()
      .filter((kind) => kind === 'Timeout' || kind === 'Immediate').length;
    const recording = recordingOn(new ControlledTraceStore());
    observeAll(recording, wideExecution('a', 100));
    await recording.close();
    const after = process
      .getActiveResourcesInfo()
      .filter((kind) => kind === 'Timeout' || kind === 'Immediate').length;
    expect(after).toBeLessThanOrEqual(before);
  });

  test('waits for a store that is being asked', async () => {
    const store = new ControlledTraceStore();
    const release = store.hold();
    const recording = recordingOn(store);
    observeAll(recording, wideExecution('a', 10));
    await settled(3);
    const closing = recording.close();
    await settled(3);
    expect(store.writtenSpans).toBe(0);
    release();
    await closing;
    expect(store.writtenSpans).toBe(12);
  });
});
