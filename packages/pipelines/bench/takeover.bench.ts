// How long work rests when the process that has it is killed, with default settings: ten kills each, one by one,
// while the other processes live. A word after the file's name runs only the case that has it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ActorWorker, type ActorFunction } from '@certoai/loom-core';
import { Loom } from '@certoai/loom-pipelines';
import { BullMQMessageQueue } from '@certoai/loom-storage';
import { startRedis } from '../../../scripts/redis/start-redis.mjs';
import { ChildProgram } from '../test/kit/child-program.js';

const kills = 10;
/** Spread over the time between two looks of who takes over. */
const pauseMs = 370;
const patienceMs = 30_000;

interface Place {
  readonly url: string;
  readonly folder: string;
  /** Runs what comes back; whoever waits for the key hears when. */
  readonly survivor: ActorFunction;
}

interface Victim {
  readonly key: string;
  readonly process: ChildProgram;
}

interface Case {
  readonly name: string;
  /** Processes that each are in the middle of one task, and then somebody who can go on with it. */
  prepare(
    place: Place,
  ): Promise<{ readonly victims: readonly Victim[]; readonly close: () => Promise<void> }>;
}

const program = 'takeover-member.ts';
const isHeld = true;

const cases: readonly Case[] = [
  {
    name: 'worker killed in the middle of a task: the task runs again',
    async prepare({ url, folder, survivor }) {
      const processes = await Promise.all(
        Array.from({ length: kills }, () => ChildProgram.start(program, 'worker', url, folder)),
      );
      const loom = new Loom({ redis: { url } });
      for (let n = 0; n < kills; n += 1)
        await loom.startPipeline({ stages: [{ id: 'work', actor: 'work' }] }, { isHeld });
      const victims = await Promise.all(processes.map(begun));
      const queue = new BullMQMessageQueue(url);
      const worker = new ActorWorker('survivor', { queue });
      worker.registerActor('work', survivor);
      await worker.start();
      const close = async (): Promise<void> => {
        await worker.close();
        await queue.close();
        await loom.close();
      };
      return { victims, close };
    },
  },
  {
    name: 'orchestrator killed: its execution goes on in another process',
    async prepare({ url, folder, survivor }) {
      const input = JSON.stringify({ isHeld });
      const processes = await Promise.all(
        Array.from({ length: kills }, () => ChildProgram.start(program, 'orchestrator', url, folder, input)),
      );
      const victims = await Promise.all(processes.map(begun));
      const loom = new Loom({ redis: { url } });
      loom.registerActor('work', survivor);
      await loom.initialize();
      return { victims, close: () => loom.close() };
    },
  },
];

async function begun(process: ChildProgram): Promise<Victim> {
  return { process, key: (await process.says('begun ')).slice('begun '.length) };
}

/** Milliseconds from each kill until its task begins again. */
async function measure({ prepare }: Case, url: string): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-takeover-'));
  const waiting = new Map<string, () => void>();
  const survivor: ActorFunction = (_input, { idempotencyKey }) => waiting.get(idempotencyKey)?.();
  const { victims, close } = await prepare({ url, folder, survivor });
  try {
    const times: Promise<number>[] = [];
    for (const { process, key } of victims) {
      const killedAt = performance.now();
      const again = new Promise<void>((resolve) => waiting.set(key, resolve));
      await process.kill();
      times.push(Promise.race([again, late(key)]).then(() => performance.now() - killedAt));
      await wait(pauseMs);
    }
    return (await Promise.all(times)).sort((left, right) => left - right);
  } finally {
    for (const { process } of victims) await process.kill();
    await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function late(key: string): Promise<never> {
  await wait(patienceMs, undefined, { ref: false });
  throw new Error(`nobody went on with "${key}" in ${patienceMs} ms`);
}

const words = process.argv.slice(2);
const { url, kind, stop } = await startRedis();
try {
  console.log(`on ${kind}, default settings, ${kills} kills each`);
  for (const one of cases) {
    if (words.length > 0 && !words.some((word) => one.name.startsWith(word))) continue;
    const times = await measure(one, url);
    const [p50 = Number.NaN, max = Number.NaN] = [times[Math.floor(times.length / 2)], times.at(-1)];
    console.log(`${one.name.padEnd(64)} p50 ${p50.toFixed(0)} ms, max ${max.toFixed(0)} ms   aim < 5000 ms`);
  }
} finally {
  await stop();
}
