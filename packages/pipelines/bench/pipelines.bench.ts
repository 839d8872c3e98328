// Pipelines, durable and in memory, beside the least work that could do the same: an append-only file
// with group commit and fdatasync. Ratios are worth more than absolute figures. Each section is bounded.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Loom } from '@certoai/loom-pipelines';

const fiveSteps = {
  stages: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, actor: 'step' })),
};
const step = (value: { readonly n: number }) => ({ n: value.n + 1 });
const fanOut = {
  stages: [
    {
      id: 'each',
      mode: 'scatter',
      scatter: { over: 'input.items', as: 'x', concurrency: 1_000 },
      actor: 'step',
      input: { n: '${x}' },
    },
    { id: 'join', mode: 'gather', gather: { from: 'each' } },
  ],
};
const items = (count: number) => ({ items: Array.from({ length: count }, (_, n) => n) });

/** Steps appended to one file; all of one turn of the event loop share a sync. */
class FileFloor {
  readonly #file: number;
  #waiting: { readonly line: string; readonly done: () => void }[] = [];

  constructor(folder: string) {
    this.#file = openSync(join(folder, 'floor.log'), 'a');
  }

  append(line: string): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ line, done });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    writeSync(this.#file, batch.map(({ line }) => line).join(''));
    fdatasyncSync(this.#file);
    for (const { done } of batch) done();
  }
}

async function fileSteps(floor: FileFloor): Promise<void> {
  let value = { n: 0 };
  await floor.append(`start ${JSON.stringify(value)}\n`);
  for (let index = 0; index < 5; index += 1) {
    value = step(value);
    await floor.append(`${index} ${JSON.stringify(value)}\n`);
  }
}

/** Runs `work` with `width` in flight until `ms` have passed; returns runs a second. */
async function throughput(work: () => Promise<unknown>, width: number, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let runs = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (performance.now() < end) {
        await work();
        runs += 1;
      }
    }),
  );
  return (runs * 1000) / (performance.now() - started);
}

async function median(work: () => Promise<unknown>, times: number): Promise<number> {
  const took: number[] = [];
  for (let index = 0; index < times; index += 1) {
    const started = performance.now();
    await work();
    took.push(performance.now() - started);
  }
  return took.sort((left, right) => left - right)[Math.floor(times / 2)] ?? Number.NaN;
}

function report(what: string, loom: number, floor: number, unit: string, aim: string): void {
  const ratio = (loom / floor).toFixed(2);
  console.log(
    `${what.padEnd(44)} loom ${loom.toFixed(2).padStart(10)} ${unit}   floor ${floor.toFixed(2).padStart(10)} ${unit}   ratio ${ratio.padStart(6)}   aim ${aim}`,
  );
}

async function durable(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-bench-'));
  try {
    const floor = new FileFloor(folder);
    await using loom = new Loom({ embedded: { path: join(folder, 'store') } });
    loom.registerActor('step', step, { concurrency: 10_000 });
    const run = () => loom.executePipeline(fiveSteps, { n: 0 });
    await throughput(run, 100, 1_500);
    await throughput(() => fileSteps(floor), 100, 500);
    const loomRate = await throughput(run, 100, 4_000);
    const floorRate = await throughput(() => fileSteps(floor), 100, 2_000);
    report('durable: 5 steps, 100 in flight', loomRate, floorRate, '/s', '>= 5000/s');
    report(
      'durable: 5 steps alone, p50',
      await median(run, 300),
      await median(() => fileSteps(floor), 300),
      'ms',
      '<= 3 ms',
    );
    const fan = () => loom.executePipeline(fanOut, items(1_000));
    const fileFan = async () => {
      await floor.append('start\n');
      await Promise.all(Array.from({ length: 1_000 }, (_, n) => floor.append(`${n}\n`)));
      await floor.append('join\n');
    };
    report(
      'durable: fan-out 1000 + join, p50',
      await median(fan, 25),
      await median(fileFan, 25),
      'ms',
      '<= 40 ms',
    );
    floor.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inMemory(): Promise<void> {
  await using loom = new Loom();
  loom.registerActor('step', step, { concurrency: 10_000 });
  const run = () => loom.executePipeline(fiveSteps, { n: 0 });
  const plain = async () => {
    let value = { n: 0 };
    for (let index = 0; index < 5; index += 1)
      value = await Promise.resolve(JSON.parse(JSON.stringify(step(value))) as { n: number });
  };
  await throughput(run, 100, 1_500);
  report(
    'memory: 5 steps, 100 in flight',
    await throughput(run, 100, 3_000),
    await throughput(plain, 100, 1_000),
    '/s',
    '>= 30000/s',
  );

  for (let index = 0; index < 3; index += 1) await loom.executePipeline(fanOut, items(10_000));
  const small = (await median(() => loom.executePipeline(fanOut, items(1_000)), 15)) / 1_000;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const large = (await median(() => loom.executePipeline(fanOut, items(10_000)), 7)) / 10_000;
  delay.disable();
  report('memory: us an item, 10000 against 1000', large * 1_000, small * 1_000, 'us', '<= 1.3');
  console.log(
    `event loop blocked at most ${(delay.max / 1e6).toFixed(1)} ms (aim <= 50)   rss ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB (aim < 400)`,
  );
}

/** The process that gets killed: says when its task runs, and how long after Loom was made. */
async function interrupted(path: string): Promise<void> {
  const made = performance.now();
  const loom = new Loom({ embedded: { path } });
  loom.registerActor('hang', () => {
    process.stdout.write(`${(performance.now() - made).toFixed(1)}\n`);
    return new Promise(() => undefined);
  });
  await loom.startPipeline({ stages: [{ id: 'hang', actor: 'hang' }] }, null, { idempotencyKey: 'once' });
  setInterval(() => undefined, 60_000);
}

async function afterKill(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-bench-'));
  const run = async (): Promise<{ readonly sinceSpawn: number; readonly sinceMade: number }> => {
    const spawned = performance.now();
    const child = spawn(
      process.execPath,
      [...process.execArgv, fileURLToPath(import.meta.url), 'interrupted', folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    const sinceSpawn = performance.now() - spawned;
    child.kill('SIGKILL');
    await once(child, 'exit');
    return { sinceSpawn, sinceMade: Number(text.toString()) };
  };
  try {
    await run();
    const again = [await run(), await run(), await run(), await run(), await run()];
    const middle = (values: readonly number[]) =>
      [...values].sort((left, right) => left - right)[2]?.toFixed(0);
    const made = middle(again.map(({ sinceMade }) => sinceMade));
    const spawned = middle(again.map(({ sinceSpawn }) => sinceSpawn));
    console.log(
      `after kill -9: the interrupted task runs again ${made} ms after new Loom(), ${spawned} ms after the process was started   aim <= 1000 ms`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [part = 'all', path = ''] = process.argv.slice(2);
if (part === 'interrupted') await interrupted(path);
else {
  if (part === 'all' || part === 'durable') await durable();
  if (part === 'all' || part === 'kill') await afterKill();
  if (part === 'all' || part === 'memory') await inMemory();
}
