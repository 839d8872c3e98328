import { ExecutionTraceRecorder } from '@certoai/loom-observability';
import { expect, test } from 'vitest';
import { wideExecution } from './support/wide-execution.js';

// More than a log may hold, too.
test.each([10_000, 20_000])('%i tasks at once never hold the event loop up for 50 ms', async (tasks) => {
  // The first round compiles the code; that is no work of the recorder.
  await longestTurn('warm-up', tasks);
  const turns: number[] = [];
  for (const executionId of ['first', 'second', 'third']) turns.push(await longestTurn(executionId, tasks));
  expect(Math.min(...turns)).toBeLessThan(50);
});

/** Milliseconds of processor time, which unlike the time of day does not count what other processes take. */
async function longestTurn(executionId: string, tasks: number): Promise<number> {
  await using recorder = new ExecutionTraceRecorder();
  const events = wideExecution(executionId, tasks);
  for (const event of events) recorder.observe(event);
  let done = false;
  let longest = 0;
  let turns = 0;
  const flushed = recorder.flush().then(() => (done = true));
  while (!done) {
    const before = process.cpuUsage();
    await new Promise((resolve) => void setImmediate(resolve));
    const { user, system } = process.cpuUsage(before);
    longest = Math.max(longest, (user + system) / 1_000);
    turns += 1;
  }
  await flushed;
  expect(turns).toBeGreaterThan(2);
  expect(await recorder.summary(executionId)).toMatchObject({ attempts: tasks, status: 'completed' });
  return longest;
}
