// Actors beside the least work that could do the same (an array drained in a microtask that calls a class
// method), nact and xstate. Each contender runs in a process of its own; figures are medians. `--expose-gc`
// is set for the children, so that bytes an actor are what is left after a collection.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Actor, ActorWorker, type ActorRef } from '@certoai/loom-core';

interface Contender {
  /** Sends `count` messages in one go; resolves when all were handled. */
  tells?(count: number): Promise<void>;
  /** `count` questions, each after the answer to the one before. */
  asks?(count: number): Promise<void>;
  /** Two actors, `count` messages to and fro. */
  pings?(count: number): Promise<void>;
  /** Creates `count` actors and keeps them. */
  spawns?(count: number): unknown;
  close?(): Promise<void> | void;
}

class FloorActor {
  readonly queue: unknown[] = [];
  #scheduled = false;
  readonly #receive: (message: unknown) => void;

  constructor(receive: (message: unknown) => void) {
    this.#receive = receive;
  }
  post(message: unknown): void {
    this.queue.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#drain());
  }
  #drain(): void {
    this.#scheduled = false;
    for (const message of this.queue.splice(0)) this.#receive(message);
  }
}

function floor(): Contender {
  return {
    tells: (count) =>
      new Promise((resolve) => {
        let left = count;
        const actor = new FloorActor(() => {
          left -= 1;
          if (left === 0) resolve();
        });
        for (let n = 0; n < count; n += 1) actor.post(n);
      }),
    async asks(count) {
      const actor = new FloorActor((message) => {
        const { body, reply } = message as { body: number; reply: (value: number) => void };
        reply(body + 1);
      });
      for (let n = 0; n < count; n += 1) await new Promise((reply) => actor.post({ body: n, reply }));
    },
    pings: (count) =>
      new Promise((resolve) => {
        let left = count;
        const pong = new FloorActor((from) => (from as FloorActor).post(pong));
        const ping = new FloorActor((from) => {
          left -= 1;
          if (left === 0) resolve();
          else (from as FloorActor).post(ping);
        });
        pong.post(ping);
      }),
    // An actor that nobody can find by name is none.
    spawns: (count) => {
      const actors = new Map<string, FloorActor>();
      for (let n = 0; n < count; n += 1) actors.set(`actor-${n}`, new FloorActor(() => undefined));
      return actors;
    },
  };
}

function loom(): Contender {
  const worker = new ActorWorker('bench');
  let done: () => void = () => undefined;
  let left = 0;
  class Counter extends Actor {
    onReceive(): void {
      left -= 1;
      if (left === 0) done();
    }
  }
  class Adder extends Actor {
    onReceive(message: number): number {
      return message + 1;
    }
  }
  class Pong extends Actor {
    onReceive(from: ActorRef): void {
      from.tell(this.context.self);
    }
  }
  class Ping extends Actor {
    onReceive(from: ActorRef): void {
      left -= 1;
      if (left === 0) done();
      else from.tell(this.context.self);
    }
  }
  const finished = (count: number): Promise<void> =>
    new Promise((resolve) => {
      left = count;
      done = resolve;
    });
  const unbounded = { mailbox: { capacity: 10_000_000 } };
  const counter = worker.spawn(Counter, unbounded);
  const adder = worker.spawn(Adder);
  const ping = worker.spawn(Ping);
  const pong = worker.spawn(Pong);
  return {
    async tells(count) {
      const all = finished(count);
      for (let n = 0; n < count; n += 1) counter.tell(n);
      await all;
    },
    async asks(count) {
      for (let n = 0; n < count; n += 1) await adder.ask(n);
    },
    async pings(count) {
      const all = finished(count);
      pong.tell(ping);
      await all;
    },
    spawns: (count) => Array.from({ length: count }, () => worker.spawn(Adder)),
    close: () => worker.close(),
  };
}

async function nact(): Promise<Contender> {
  const { start, spawn, spawnStateless, dispatch, query, stop } = await import('nact');
  const system = start();
  let done: () => void = () => undefined;
  let left = 0;
  let named = 0;
  const counter = spawnStateless(system, () => {
    left -= 1;
    if (left === 0) done();
  });
  const adder = spawnStateless(system, ({ n, from }: { readonly n: number; readonly from: never }) =>
    dispatch(from, (n + 1) as never),
  );
  return {
    tells: (count) =>
      new Promise((resolve) => {
        left = count;
        done = resolve;
        for (let n = 0; n < count; n += 1) dispatch(counter, n as never);
      }),
    async asks(count) {
      for (let n = 0; n < count; n += 1) await query(adder, ((from: never) => ({ n, from })) as never, 5_000);
    },
    spawns: (count) =>
      Array.from({ length: count }, () => spawn(system, () => undefined, `actor-${(named += 1)}`)),
    close: () => stop(system),
  };
}

async function xstate(): Promise<Contender> {
  const { createActor, fromTransition } = await import('xstate');
  const counting = (count: number, finish: () => void) =>
    createActor(
      fromTransition((left: number) => {
        if (left === 1) finish();
        return left - 1;
      }, count),
    );
  return {
    tells: (count) =>
      new Promise((resolve) => {
        const actor = counting(count, resolve);
        actor.start();
        for (let n = 0; n < count; n += 1) actor.send({ type: 'n' });
      }),
    spawns: (count) => Array.from({ length: count }, () => counting(1, () => undefined).start()),
  };
}

const contenders: Readonly<Record<string, () => Contender | Promise<Contender>>> = {
  floor,
  loom,
  nact,
  xstate,
};
const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[values.length >> 1] ?? Number.NaN;

/** Operations a second, the median of several rounds after a warm-up. */
async function rate(
  work: ((count: number) => unknown) | undefined,
  count: number,
  rounds: number,
): Promise<number | undefined> {
  if (work === undefined) return undefined;
  for (let round = 0; round < 3; round += 1) await work(count);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    (globalThis as { gc?: () => void }).gc?.();
    const started = performance.now();
    await work(count);
    rates.push((count * 1_000) / (performance.now() - started));
  }
  return median(rates);
}

async function bytesAnActor(spawns: Contender['spawns']): Promise<number | undefined> {
  if (spawns === undefined) return undefined;
  const settle = async (): Promise<number> => {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      (globalThis as { gc?: () => void }).gc?.();
    }
    return process.memoryUsage().heapUsed;
  };
  const before = await settle();
  const kept = spawns(20_000);
  const after = await settle();
  return kept === undefined ? undefined : (after - before) / 20_000;
}

async function measure(name: string): Promise<void> {
  const contender = await contenders[name]?.();
  if (contender === undefined) throw new Error(`no contender "${name}"`);
  const slow = name === 'nact' || name === 'xstate';
  // Before anything else: the heap is still small.
  const bytes = await bytesAnActor(contender.spawns);
  const figures = {
    tell: await rate(contender.tells, slow ? 100_000 : 1_000_000, 5),
    ask: await rate(contender.asks, slow ? 20_000 : 200_000, 5),
    ping: await rate(contender.pings, 300_000, 5),
    spawn: await rate(contender.spawns, slow ? 20_000 : 100_000, 5),
    bytes,
  };
  console.log(JSON.stringify(figures));
  await contender.close?.();
  process.exit(0);
}

type Figures = Partial<Record<'tell' | 'ask' | 'ping' | 'spawn' | 'bytes', number>>;

function inAProcess(name: string): Figures {
  const program = fileURLToPath(import.meta.url);
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--expose-gc', ...process.execArgv, program, name],
    { encoding: 'utf8', timeout: 120_000 },
  );
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  return JSON.parse(stdout) as Figures;
}

const [only] = process.argv.slice(2);
if (only !== undefined && only in contenders) await measure(only);
else {
  const all = Object.fromEntries(Object.keys(contenders).map((name) => [name, inAProcess(name)]));
  const aims: Readonly<Record<keyof Figures, string>> = {
    tell: '>= 0.60',
    ask: '>= 0.35',
    ping: '>= 0.50',
    spawn: '>= 0.40',
    bytes: '<= 400',
  };
  for (const [what, aim] of Object.entries(aims) as [keyof Figures, string][]) {
    const base = all['floor']?.[what] ?? Number.NaN;
    const cells = Object.entries(all).map(([name, figures]) => {
      const value = figures[what];
      if (value === undefined) return `${name} -`;
      return what === 'bytes'
        ? `${name} ${value.toFixed(0)} B`
        : `${name} ${(value / 1_000).toFixed(0)} k/s (${(value / base).toFixed(2)})`;
    });
    console.log(`${what.padEnd(6)} aim ${aim.padEnd(8)} ${cells.join('   ')}`);
  }
}
