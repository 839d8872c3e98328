// What watching costs: nanoseconds per observe() beside a plain array push, events per second from
// observe() to a readable trace, the longest turn of the event loop, and bytes per span.
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
    const task = { ...stage, index, attempt: 1, actor: 'worker' } as const;
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
if (globalThis.gc !== undefined)
  console.log(`memory         ${(await bytesPerSpan()).toFixed(0)} bytes per span`);
