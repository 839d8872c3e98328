import type { ActorWorker, HostedActor, RegisterOptions } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { openQueue, taskBody } from '../support/open-queue.ts';

function laneOf(worker: ActorWorker, type = 'a'): string | undefined {
  return worker.describe().actors.find((actor: HostedActor) => actor.type === type)?.lane;
}

const v1: RegisterOptions = { metadata: { version: '1.0.0', capabilities: ['ocr'] } };
const v2: RegisterOptions = { metadata: { version: '2.0.0', capabilities: ['ocr'] } };

describe('a lane', () => {
  test('is shared by workers that host the same under the same labels, and by no others', () => {
    const { open } = openQueue();
    const west = { zone: 'west', gpu: 'a100' };
    const sameWest = { gpu: 'a100', zone: 'west' };
    const lanes = [
      [west, v1],
      [sameWest, v1],
      [west, v2],
      [{ zone: 'west' }, v1],
      [undefined, v1],
      [undefined, v2],
      [{ zone: 'west' }, undefined],
    ].map(([labels, options]) => {
      const worker = open({ labels: labels as Record<string, string> | undefined });
      worker.registerActor('a', () => 1, options as RegisterOptions | undefined);
      return laneOf(worker);
    });
    expect(lanes[1]).toBe(lanes[0]);
    expect(new Set(lanes).size).toBe(lanes.length - 1);
    expect(lanes).not.toContain(undefined);
  });

  test('is not there without metadata and labels', () => {
    const { open } = openQueue();
    const worker = open();
    worker.registerActor('a', () => 1);
    expect(laneOf(worker)).toBeUndefined();
  });

  test('is served beside the queue of the type', async () => {
    const { clock, queue, open, send } = openQueue();
    const served: string[] = [];
    const workers = [v1, v2].map((options, index) => {
      const worker = open();
      worker.registerActor('a', () => void served.push(`v${index + 1}`), options);
      return worker;
    });
    for (const worker of workers) await worker.start();
    for (const worker of [workers[1], workers[0], workers[1]] as ActorWorker[]) {
      await queue.send(laneOf(worker) as string, [{ body: taskBody({ index: served.length }) as never }]);
      await clock.advance(10);
    }
    expect(served).toEqual(['v2', 'v1', 'v2']);
    await send(taskBody({ index: 9 }));
    await clock.advance(10);
    expect(served).toHaveLength(4);
  });

  test('changes with a registration: the old one is served no longer', async () => {
    const { clock, queue, open } = openQueue();
    const worker = open();
    const served: number[] = [];
    worker.registerActor('a', () => void served.push(1), v1);
    await worker.start();
    const before = laneOf(worker) as string;
    worker.registerActor('a', () => void served.push(2), v2);
    await settled();
    const after = laneOf(worker) as string;
    expect(after).not.toBe(before);
    await queue.send(before, [{ body: taskBody({ index: 1 }) as never }]);
    await queue.send(after, [{ body: taskBody({ index: 2 }) as never }]);
    await clock.advance(10);
    expect(served).toEqual([2]);
    expect(await queue.stats(before)).toMatchObject({ ready: 1, active: 0 });
  });

  test('takes no task of another type', async () => {
    const { clock, queue, open } = openQueue();
    const worker = open();
    worker.registerActor('a', () => 1, v1);
    worker.registerActor('b', () => 1, v1);
    await worker.start();
    await queue.send(laneOf(worker, 'b') as string, [{ body: taskBody({ actor: 'a' }) as never }]);
    await clock.advance(10);
    const { items } = await queue.deadLetters.list(laneOf(worker, 'b') as string);
    expect(items.map(({ reason }) => reason)).toEqual([
      `A message for actor "a" is in queue "${laneOf(worker, 'b')}".`,
    ]);
  });
});
