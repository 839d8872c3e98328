import type { ActorDeadLetter } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { boom, openWorker, recordingLogger } from '../support/open-worker.ts';
import type { LogLine } from '../support/open-worker.ts';

describe('dead letters', () => {
  test('are all counted, and the latest kept, oldest first', async () => {
    const { worker, clock } = openWorker({ deadLetterCapacity: 2 });
    const ref = worker.spawn(() => 1, { name: 'gone' });
    await ref.stop();
    for (const message of [1, 2, 3]) ref.tell(message);
    expect(worker.deadLetters.count).toBe(3);
    const at = clock.now();
    expect(worker.deadLetters.recent).toEqual([
      { message: 2, to: 'user/gone', reason: 'stopped', at },
      { message: 3, to: 'user/gone', reason: 'stopped', at },
    ]);
  });

  test('are told to subscribers until they leave, also when another throws', async () => {
    const lines: LogLine[] = [];
    const { worker } = openWorker({ logger: recordingLogger(lines), deadLetterCapacity: 0 });
    const seen: ActorDeadLetter[] = [];
    worker.deadLetters.subscribe(boom);
    const leave = worker.deadLetters.subscribe((letter) => void seen.push(letter));
    const ref = worker.spawn(() => 1);
    await ref.stop();
    ref.tell('one');
    leave();
    leave();
    ref.tell('two');
    expect(seen.map(({ message }) => message)).toEqual(['one']);
    expect(worker.deadLetters.recent).toEqual([]);
    expect(lines.map(({ message }) => message)).toEqual([
      'Listener of dead letters failed',
      'Listener of dead letters failed',
    ]);
  });

  test('do not hold what was asked: who asked has been told', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn(() => 1);
    await ref.stop();
    await ref.ask(1).catch(() => undefined);
    expect(worker.deadLetters.count).toBe(0);
  });
});
