// What watching costs: nanoseconds per observe() beside a plain array push, events per second from
// observe() to a readable trace, the longest turn of the event loop, processor time per small execution,
// and bytes per span.
// Run Node with --expose-gc for the last one.
import type { ExecutionEvent } from '@certoai/loom-core';
import { ExecutionTraceRecorder } from '@certoai/loom-observability';

const tasks = 10_000;
const rounds = 21;

/** One execution with one fan-out, as an engine announces it. */
function executionEvents(number: number): ExecutionEvent[] {
  const executionId = `01J9F0000000000000000000${String(number).padStart(2, '0')}`;
  const stage = { executionId, stage: 'work' } as const;
  const events: ExecutionEvent[] = [{ type: 'execution:started', executionId, at: 1, name: 'bench' }];
  events.push({ ...stage, type: 'stage:started', at: 1, tasks });
  for (let index = 0; index < tasks; index++) {
    const task = { ...stage, index, attempt: 1, token: 1, actor: 'worker' } as const;
    events.push({ ...task, type: 'task:started', at: index + 1 });
    events.push({ ...task, type: 'task:completed', at: index + 3, durationMs: 2 });
  }
  events.push({ ...stage, type: 'stage:completed', at: tasks + 3, tasks, failed: 0 });
  events.push({ type: 'execution:finished', executionId, at: tasks + 3, status: 'completed' });
  return events;
}

interface Round {
  readonly pushNs: number;
  readonly observeNs: number;
  readonly eventsPerSecond: number;
  /** Processor time of the longest turn, all threads: the time of day would count other processes too. */
  readonly longestTurnMs: number;
}

/** Functions of their own, so that what is measured is compiled code. */
function pushAll(events: readonly ExecutionEvent[]): number {
  const array: ExecutionEvent[] = [];
  const began = process.hrtime.bigint();
  for (const event of events) array.push(event);
  return Number(process.hrtime.bigint() - began) / events.length;
}

function observeAll(recorder: ExecutionTraceRecorder, events: readonly ExecutionEvent[]): number {
  const began = process.hrtime.bigint();
  for (const event of events) recorder.observe(event);
  return Number(process.hrtime.bigint() - began) / events.length;
}

async function run(events: readonly ExecutionEvent[]): Promise<Round> {
  const pushNs = pushAll(events);
  await using recorder = new ExecutionTraceRecorder();
  const began = process.hrtime.bigint();
  const observeNs = observeAll(recorder, events);
  const flushed = recorder.flush().then(() => true);
  let longestTurnMs = 0;
  for (let done = false; !done;) {
    const before = process.cpuUsage();
    done = await Promise.race([flushed, new Promise<false>((resolve) => void setImmediate(resolve, false))]);
    const { user, system } = process.cpuUsage(before);
    longestTurnMs = Math.max(longestTurnMs, (user + system) / 1_000);
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  refuseLoss(recorder);
  return {
    pushNs,
    observeNs,
    eventsPerSecond: events.length / seconds,
    longestTurnMs,
  };
}

/**
 * Processor time that a recorder takes for executions of five stages with a task each, 100 at a time, a
 * stage a turn. What making the events costs is taken off.
 */
async function microsecondsPerSmallExecution(): Promise<number> {
  const watched: number[] = [];
  const unwatched: number[] = [];
  for (let round = 0; round < rounds; round++) {
    unwatched.push(await smallExecutions(() => undefined));
    await using recorder = new ExecutionTraceRecorder();
    watched.push(await smallExecutions((event) => recorder.observe(event)));
    await recorder.flush();
    const { droppedEvents } = recorder.loss();
    if (droppedEvents > 0)
      throw new Error(`${droppedEvents} events were dropped, so the figure would be wrong.`);
  }
  return median(watched) - median(unwatched);
}

async function smallExecutions(observe: (event: ExecutionEvent) => void): Promise<number> {
  const executions = 2_000;
  const before = process.cpuUsage();
  for (let first = 0; first < executions; first += 100) {
    const names = Array.from(
      { length: 100 },
      (_, place) => `01J9F00000000000000000${String(first + place).padStart(4, '0')}`,
    );
    for (const executionId of names)
      observe({ type: 'execution:started', executionId, at: 1, name: 'small' });
    for (const stage of ['split', 'classify', 'price', 'check', 'publish']) {
      for (const executionId of names) {
        const place = { executionId, stage, at: 2 };
        const task = { ...place, index: 0, attempt: 1, token: 1, actor: 'worker' };
        observe({ ...place, type: 'stage:started', tasks: 1 });
        observe({ ...task, type: 'task:started' });
        observe({ ...task, type: 'task:completed', durationMs: 1 });
        observe({ ...place, type: 'stage:completed', tasks: 1, failed: 0 });
      }
      await new Promise((resolve) => void setImmediate(resolve));
    }
    for (const executionId of names)
      observe({ type: 'execution:finished', executionId, at: 3, status: 'completed' });
  }
  await new Promise((resolve) => void setImmediate(resolve));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / executions;
}

/** Heap of a recorder that holds as many whole executions as fit. */
async function bytesPerSpan(): Promise<number> {
  await using recorder = new ExecutionTraceRecorder();
  const executions = 19;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let execution = 0; execution < executions; execution++) {
    for (const event of executionEvents(execution)) recorder.observe(event);
    await recorder.flush();
  }
  globalThis.gc?.();
  const bytes = process.memoryUsage().heapUsed - before;
  refuseLoss(recorder);
  return bytes / (executions * (tasks + 2));
}

function refuseLoss(recorder: ExecutionTraceRecorder): void {
  const lost = Object.entries(recorder.loss()).filter(([, count]) => count > 0);
  if (lost.length > 0)
    throw new Error(`Something was lost (${lost.join(' ')}), so the figures would be wrong.`);
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] as number;
}

// Made beforehand: moving young objects is the garbage collector's work, and falls on either at random.
const streams = Array.from({ length: rounds }, (_, round) => executionEvents(round));
const results: Round[] = [];
for (const events of streams) results.push(await run(events));
const observeNs = median(results.map((round) => round.observeNs));
const pushNs = median(results.map((round) => round.pushNs));
const eventsPerSecond = Math.round(median(results.map((round) => round.eventsPerSecond)));
const turns = results.map((round) => round.longestTurnMs);

console.log(
  `Median of ${rounds} rounds, each one execution of ${tasks} tasks whose events all come at once:`,
);
console.log(
  `observe()      ${observeNs.toFixed(0)} ns per event; an array push ${pushNs.toFixed(0)} ns (${(observeNs / pushNs).toFixed(1)}x)`,
);
console.log(`to the trace   ${eventsPerSecond.toLocaleString('en')} events/s, folded and stored`);
console.log(
  `longest turn   ${median(turns).toFixed(1)} ms of processor time; in the worst round ${Math.max(...turns).toFixed(1)} ms`,
);
const small = await microsecondsPerSmallExecution();
console.log(
  `small          ${small.toFixed(0)} us of processor time per execution of 5 stages (22 events, 11 spans)`,
);
if (globalThis.gc !== undefined)
  console.log(`memory         ${(await bytesPerSpan()).toFixed(0)} bytes per span`);
