import type { JsonValue, OutgoingMessage, TaskReport, TaskReports } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { createReportSender } from '../../src/worker/report-sender.js';
import { completed } from '../support/task.ts';

interface Call {
  readonly to: string;
  readonly indices: readonly number[];
  readonly answer: (error?: Error) => void;
}

/** A queue that answers when the test says so. */
function openSender() {
  const calls: Call[] = [];
  const send = (to: string, messages: readonly OutgoingMessage[]): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      const bodies = messages.map(({ body }) => body as unknown as TaskReports);
      const indices = bodies.flatMap(({ reports }) => reports.map(({ index }) => index));
      calls.push({ to, indices, answer: (error) => (error ? reject(error) : resolve(['1'])) });
    });
  const report = createReportSender({ send } as never);
  return { calls, report };
}

function reportOf(index: number, output: JsonValue = null): TaskReport {
  return { executionId: 'e', stage: 's', index, attempt: 1, token: 1, outcome: completed(output) };
}

describe('reports', () => {
  test('that come together while one message is under way go together with the next, in order', async () => {
    const { calls, report } = openSender();
    const stored: number[] = [];
    for (let index = 0; index < 5; index++) void report('a', reportOf(index)).then(() => stored.push(index));
    await settled();
    expect(calls.map(({ indices }) => indices)).toEqual([[0]]);
    expect(stored).toEqual([]);
    calls[0]?.answer();
    await settled();
    expect(stored).toEqual([0]);
    expect(calls.map(({ indices }) => indices)).toEqual([[0], [1, 2, 3, 4]]);
    calls[1]?.answer();
    await settled();
    expect(stored).toEqual([0, 1, 2, 3, 4]);
    void report('a', reportOf(9));
    expect(calls.at(-1)?.indices).toEqual([9]);
  });

  test('to different queues do not wait for each other', async () => {
    const { calls, report } = openSender();
    for (const to of ['a', 'b', 'a']) void report(to, reportOf(0));
    await settled();
    expect(calls.map(({ to }) => to)).toEqual(['a', 'b']);
  });

  test('reject with those of the same message, and the next ones go on', async () => {
    const { calls, report } = openSender();
    const outcomes: string[] = [];
    for (let index = 0; index < 4; index++)
      report('a', reportOf(index)).then(
        () => outcomes.push(`${index} stored`),
        (error: Error) => outcomes.push(`${index} ${error.message}`),
      );
    calls[0]?.answer(new Error('away'));
    await settled();
    calls[1]?.answer();
    await settled();
    expect(outcomes).toEqual(['0 away', '1 stored', '2 stored', '3 stored']);
  });

  test('that are long do not go with others', async () => {
    const { calls, report } = openSender();
    const long = 'x'.repeat(40_000);
    [null, 'small', long, 'small', 'small', 'y'.repeat(20_000), 'z'.repeat(20_000)].forEach(
      (output, index) => {
        void report('a', reportOf(index, output));
      },
    );
    for (let sent = 0; sent < 6; sent++) {
      calls[sent]?.answer();
      await settled();
    }
    expect(calls.map(({ indices }) => indices)).toEqual([[0], [1], [2], [3, 4, 5], [6]]);
  });
});
