import type { ActorWorker, JsonValue, TaskContext } from '@certoai/loom-core';

/** A repeatable stream of numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Stage = Record<string, JsonValue>;

export interface RandomPipeline {
  readonly definition: { readonly name: string; readonly stages: readonly Stage[] };
  readonly input: JsonValue;
  /** What it must come to, computed without the engine. */
  readonly expected: JsonValue;
  /** Every task it runs, as `stage/index`, in no order. */
  readonly tasks: readonly string[];
}

/**
 * A random graph of stages in all modes, with the result a plain interpreter gives. Everything an actor
 * does is a function of its input, so the result is known however tasks are ordered, doubled or tried again.
 */
export function randomPipeline(seed: number, size = 6): RandomPipeline {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const input = { n: below(100), list: Array.from({ length: below(6) }, () => below(100)) };
  const stages: Stage[] = [];
  const outputs = new Map<string, JsonValue>();
  const tasks: string[] = [];
  const needed = new Set<string>();

  for (let position = 0; position < 1 + below(size); position += 1) {
    const id = `s${position}`;
    const earlier = [...outputs.keys()];
    const dependsOn = earlier.filter(() => random() < 0.4);
    for (const dependency of dependsOn) needed.add(dependency);
    const upstream = upstreamOf(dependsOn, outputs, input);
    const run = (actor: string, value: JsonValue, index: number): JsonValue => {
      tasks.push(`${id}/${index}`);
      return actors[actor]?.(value) ?? null;
    };
    const retry = { maxAttempts: 4, backoff: 'fixed', initialDelayMs: 1, jitter: false };
    const base: Stage = { id, dependsOn, retry };
    const pick = below(8);
    if (pick === 0 && dependsOn.length > 0) {
      stages.push({ ...base, when: 'input.n < `0`', actor: 'digest' });
      outputs.set(id, null);
    } else if (pick <= 2) {
      stages.push({ ...base, actor: 'digest' });
      outputs.set(id, run('digest', upstream, 0));
    } else if (pick === 3) {
      stages.push({
        ...base,
        mode: 'scatter',
        scatter: { over: 'input.list', as: 'value', concurrency: 1 + below(3) },
        actor: 'digest',
        input: { value: '${value}', at: '${index}' },
      });
      outputs.set(
        id,
        input.list.map((value, at) => run('digest', { value, at }, at)),
      );
    } else if (pick === 4) {
      stages.push({ ...base, mode: 'broadcast', actors: ['digest', 'count'] });
      outputs.set(id, [run('digest', upstream, 0), run('count', upstream, 1)]);
    } else if (pick === 5) {
      stages.push({
        ...base,
        mode: 'fork-join',
        branches: { left: { actor: 'digest' }, right: { actor: 'count', input: '${input.n}' } },
      });
      outputs.set(id, { left: run('digest', upstream, 0), right: run('count', input.n, 1) });
    } else if (pick === 6) {
      stages.push({
        ...base,
        mode: 'map-reduce',
        mapReduce: { over: 'input.list', as: 'value', map: 'bucket', reduce: 'count', groupBy: 'bucket' },
      });
      const mapped = input.list.map((value, at) => {
        tasks.push(`${id}#map/${at}`);
        return actors['bucket']?.(value) as { readonly bucket: number };
      });
      const keys = [...new Set(mapped.map(({ bucket }) => bucket))];
      outputs.set(
        id,
        keys.map((key, index) =>
          run('count', { key, items: mapped.filter(({ bucket }) => bucket === key) }, index),
        ),
      );
    } else {
      const from = earlier.filter((stage) => Array.isArray(outputs.get(stage)));
      if (from.length === 0) {
        stages.push({ ...base, actor: 'count' });
        outputs.set(id, run('count', upstream, 0));
      } else {
        for (const dependency of from) needed.add(dependency);
        stages.push({
          id,
          mode: 'gather',
          gather: { from },
          dependsOn: [...new Set([...dependsOn, ...from])],
        });
        outputs.set(
          id,
          from.flatMap((stage) => outputs.get(stage) as JsonValue[]),
        );
      }
    }
  }
  const last = [...outputs.keys()].filter((id) => !needed.has(id));
  return {
    definition: { name: `random-${seed}`, stages },
    input,
    expected: upstreamOf(last, outputs, input),
    tasks,
  };
}

function upstreamOf(
  ids: readonly string[],
  outputs: ReadonlyMap<string, JsonValue>,
  input: JsonValue,
): JsonValue {
  if (ids.length === 0) return input;
  const [only] = ids;
  if (ids.length === 1 && only !== undefined) return outputs.get(only) ?? null;
  return Object.fromEntries(ids.map((id) => [id, outputs.get(id) ?? null]));
}

const actors: Readonly<Record<string, (value: JsonValue) => JsonValue>> = {
  digest: (value) => ({ digest: checksum(JSON.stringify(value)) }),
  count: (value) => ({ length: JSON.stringify(value).length }),
  bucket: (value) => ({ bucket: Number(value) % 3, value }),
};

function checksum(text: string): number {
  let sum = 5381;
  for (const letter of text) sum = (Math.imul(sum, 33) + letter.charCodeAt(0)) >>> 0;
  return sum;
}

/** Registers the actors; `onRun` sees every start of a task and may fail it by throwing. */
export function registerActors(
  register: Pick<ActorWorker, 'registerActor'>['registerActor'],
  onRun: (task: string, context: TaskContext) => void | Promise<void>,
): void {
  for (const [type, act] of Object.entries(actors)) {
    register(type, async (value: JsonValue, context: TaskContext) => {
      await onRun(`${context.stage}/${context.index}`, context);
      return act(value);
    });
  }
}
