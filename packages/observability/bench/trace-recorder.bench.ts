// What watching costs: nanoseconds per observe() beside a plain array push, events per second from
// observe() to a readable trace, the longest time the event loop is held up, and bytes per span.
import { setTimeout as delay } from 'node:timers/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ExecutionEvent } from '@certoai/loom-core';
import { ExecutionTraceRecorder } from '@certoai/loom-observability';

const tasks = 10_000;
const rounds = 15;

/** One execution with one fan-out, as an engine announces it. */
function executionEvents(executionId: string, count: number): ExecutionEvent[] {
  const base = { executionId, stage: 'work' } as const;
  const events: ExecutionEvent[] = [{ type: 'execution:started', executionId, at: 1, name: 'bench' }];
  events.push({ ...base, type: 'stage:started', at: 1, tasks: count });
  for (let index = 0; index < count; index++) {
    const task = { ...base, index, attempt: 1, actor: 'worker' } as const;
    events.push({ ...task, type: 'task:started', at: index + 1 });
    events.push({ ...task, type: 'task:completed', at: index + 3, durationMs: 2 });
  }
  events.push({ ...base, type: 'stage:completed', at: count + 3, tasks: count, failed: 0 });
  events.push({ type: 'execution:finished', executionId, at: count + 3, status: 'completed' });
  return events;
}

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[values.length >> 1] as number;
}

const streams = Array.from({ length: rounds }, (_, round) =>
  executionEvents(`01J9F0000000000000000000${String(round).padStart(2, '0')}`, tasks),
);
const total = streams[0]?.length ?? 0;

const pushNs: number[] = [];
const observeNs: number[] = [];
const eventsPerSecond: number[] = [];
for (const events of streams) {
  const array: ExecutionEvent[] = [];
  let began = process.hrtime.bigint();
  for (const event of events) array.push(event);
  pushNs.push(Number(process.hrtime.bigint() - began) / total);

  const recorder = new ExecutionTraceRecorder();
  began = process.hrtime.bigint();
  for (const event of events) recorder.observe(event);
  observeNs.push(Number(process.hrtime.bigint() - began) / total);
  await recorder.flush();
  eventsPerSecond.push(total / (Number(process.hrtime.bigint() - began) / 1e9));
  const { droppedEvents } = recorder.loss();
  if (droppedEvents > 0) throw new Error(`${droppedEvents} events were dropped; the figures would be wrong.`);
  await recorder.close();
}

// The worst case: all events of a 10 000-task execution at once, and nothing else to do.
const watched = new ExecutionTraceRecorder();
const burst = executionEvents('01J9F000000000000000000099', tasks);
await delay(100);
const blocked = monitorEventLoopDelay({ resolution: 1 });
blocked.enable();
await delay(20);
for (const event of burst) watched.observe(event);
await watched.flush();
await delay(20);
blocked.disable();
await watched.close();

const kept = new ExecutionTraceRecorder();
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
for (let execution = 0; execution < 19; execution++) {
  for (const event of executionEvents(`01J9F00000000000000000${1000 + execution}`, tasks))
    kept.observe(event);
  await kept.flush();
}
globalThis.gc?.();
const bytes = (process.memoryUsage().heapUsed - before) / (19 * (tasks + 2));
const { evictedSpans } = kept.loss();
if (evictedSpans > 0) throw new Error('Spans were removed; bytes per span would be wrong.');
await kept.close();

const ratio = median(observeNs) / median(pushNs);
console.log(`observe()        ${median(observeNs).toFixed(1)} ns per event (median of ${rounds} rounds)`);
console.log(
  `array push       ${median(pushNs).toFixed(1)} ns per event, so observe() is ${ratio.toFixed(1)} times that`,
);
console.log(
  `to the trace     ${Math.round(median(eventsPerSecond)).toLocaleString('en')} events/s folded and stored`,
);
console.log(
  `event loop       held up ${(blocked.max / 1e6).toFixed(1)} ms at most by ${tasks} tasks at once`,
);
console.log(
  `memory           ${bytes.toFixed(0)} bytes per span${globalThis.gc ? '' : ' (run with --expose-gc for this figure)'}`,
);
