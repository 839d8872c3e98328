// What an execution store costs, beside an append-only file with group commit and a sync: the least work that
// makes a step durable. Read the ratios: the machine is shared, and absolute figures with it. Rounds take turns,
// and each figure is the median of its rounds. One run: `npx tsx packages/storage/bench/execution-store.bench.ts`.
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ExecutionStore } from '@certoai/loom-core';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import type { SqliteDriverName } from '@certoai/loom-storage/embedded';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';

const rounds = 7;
const inFlight = 100;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const drivers: readonly SqliteDriverName[] =
  major > 22 || (major === 22 && minor >= 13) ? ['node:sqlite', 'libsql'] : ['libsql'];

const definition = { hash: 'f'.repeat(64), text: '{"stages":[]}' };
const state = `{"stages":{"a":{"status":"completed"},"b":{"status":"running"}},"padding":"${'x'.repeat(240)}"}`;
const body = `{"value":"${'y'.repeat(60)}"}`;

/** The steps of one execution, whatever they are written to. */
interface Contender {
  readonly name: string;
  create(id: string): Promise<unknown>;
  step(id: string, version: number): Promise<unknown>;
  /** `count` tasks of one execution that all end at once, and its end. */
  fanOut(id: string, count: number): Promise<unknown>;
  bytes(): number;
  close(): Promise<void>;
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

function fileFloor(folder: string): Contender {
  const file = openSync(join(folder, 'log'), 'a');
  let lines: string[] = [];
  let waiting: (() => void)[] = [];
  const flush = (): void => {
    const done = waiting;
    const text = lines.join('');
    [lines, waiting] = [[], []];
    writeSync(file, text);
    fdatasyncSync(file);
    for (const resolve of done) resolve();
  };
  const append = (entry: object): Promise<void> =>
    new Promise((resolve) => {
      lines.push(`${JSON.stringify(entry)}\n`);
      if (waiting.push(resolve) === 1) setImmediate(flush);
    });
  return {
    name: 'floor: append-only file, fdatasync',
    create: (id) => append({ id, definition: definition.hash, input: '1', state, at: Date.now() }),
    step: (id, version) =>
      append({ id, version, state, node: `stage-${version}`, index: 0, body, at: Date.now() }),
    async fanOut(id, count) {
      await append({ id, state });
      await Promise.all(
        Array.from({ length: count }, (_, index) => append({ id, node: 'work', index, body })),
      );
      await append({ id, state });
    },
    bytes: () => folderBytes(folder),
    close: async () => closeSync(file),
  };
}

function contender(
  name: string,
  store: ExecutionStore,
  bytes: () => number,
  close: () => Promise<void>,
): Contender {
  const record = (executionId: string, node: string, index: number) =>
    ({ executionId, node, index, held: 1, kind: 'completed', attempt: 1, body, at: Date.now() }) as const;
  const create = (id: string): Promise<unknown> =>
    store.create({ id, definition, input: '1', state, createdAt: Date.now(), name: 'bench', wakeAt: null });
  return {
    name,
    create,
    step: (id, version) =>
      store.commit({
        executionId: id,
        expectedVersion: version,
        status: version === 5 ? 'completed' : 'running',
        state,
        records: [record(id, `stage-${version}`, 0)],
        at: Date.now(),
      }),
    async fanOut(id, count) {
      await create(id);
      await Promise.all(Array.from({ length: count }, (_, index) => store.record(record(id, 'work', index))));
      const at = Date.now();
      await store.commit({
        executionId: id,
        expectedVersion: 1,
        status: 'completed',
        state,
        records: [],
        at,
      });
    },
    bytes,
    close,
  };
}

async function embedded(
  folder: string,
  driver: SqliteDriverName,
  sync: 'full' | 'normal',
): Promise<Contender> {
  const store = await openEmbeddedStore({ path: folder, driver, sync });
  return contender(
    `embedded, ${driver}, sync ${sync}`,
    store.executions,
    () => folderBytes(folder),
    () => store.close(),
  );
}

function inMemory(): Contender {
  const store = new InMemoryExecutionStore();
  return contender(
    'in memory',
    store,
    () => 0,
    () => store.close(),
  );
}

let lastId = 0;

async function fiveSteps(on: Contender): Promise<void> {
  const id = `01JD${String((lastId += 1) * 7_919).padStart(22, '0')}`;
  await on.create(id);
  for (let version = 1; version <= 5; version += 1) await on.step(id, version);
}

async function throughput(on: Contender, count: number): Promise<number> {
  let left = count;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (left-- > 0) await fiveSteps(on);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (count / (performance.now() - started)) * 1_000;
}

async function alone(on: Contender): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 100; run += 1) {
    const started = performance.now();
    await fiveSteps(on);
    times.push(performance.now() - started);
  }
  return median(times);
}

async function fanOut(on: Contender, count: number): Promise<number> {
  const started = performance.now();
  await on.fanOut(`fan-${(lastId += 1)}`, count);
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'loom-bench-'));
  folders.push(made);
  return made;
}

const contenders = [fileFloor(folder())];
for (const driver of drivers) {
  contenders.push(await embedded(folder(), driver, 'full'), await embedded(folder(), driver, 'normal'));
}
contenders.push(inMemory());

interface Measured {
  readonly rates: number[];
  readonly p50s: number[];
  readonly fans: number[];
  readonly pauses: number[];
  bytes: number;
}
const measured = new Map(
  contenders.map((on): [Contender, Measured] => [
    on,
    { rates: [], p50s: [], fans: [], pauses: [], bytes: 0 },
  ]),
);

for (let round = 0; round <= rounds; round += 1) {
  for (const on of contenders) {
    const into = measured.get(on) as Measured;
    const count = 5_000;
    const before = on.bytes();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const rate = await throughput(on, count);
    delay.disable();
    const figures = { rate, p50: await alone(on), fan: await fanOut(on, 1_000), pause: delay.max / 1e6 };
    if (round === 0) continue; // The first round warms up.
    into.rates.push(figures.rate);
    into.p50s.push(figures.p50);
    into.fans.push(figures.fan);
    into.pauses.push(figures.pause);
    into.bytes += (on.bytes() - before) / count / rounds;
  }
}

const [floor] = contenders.map((on) => measured.get(on) as Measured) as [Measured];
const rows = contenders.map((on) => {
  const { rates, p50s, fans, pauses, bytes } = measured.get(on) as Measured;
  return {
    store: on.name,
    '5 steps/s': Math.round(median(rates)),
    'of floor': (median(rates) / median(floor.rates)).toFixed(2),
    'alone, ms': median(p50s).toFixed(3),
    'times floor': (median(p50s) / median(floor.p50s)).toFixed(1),
    '1000 + join, ms': median(fans).toFixed(1),
    'times floor ': (median(fans) / median(floor.fans)).toFixed(1),
    'pause, ms': Math.max(...pauses).toFixed(0),
    'bytes each': Math.round(bytes),
  };
});
console.log(
  `Node ${process.version}, ${rounds} rounds, ${inFlight} executions in flight. Pause: the longest of the event loop.`,
);
console.table(rows);

for (const on of contenders) await on.close();
for (const made of folders) rmSync(made, { recursive: true, force: true });
