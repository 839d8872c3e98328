import { randomUUID } from 'node:crypto';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { ChildProgram } from '../child-program.js';
import { times } from '../embedded/executions.js';

const { url } = inject('redis');
const program = new URL('./programs/racing-store.ts', import.meta.url);
const children: ChildProgram[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill();
});

async function start(...args: readonly string[]): Promise<ChildProgram> {
  const child = new ChildProgram(program, args);
  children.push(child);
  await child.line('ready');
  return child;
}

/** What all of them said about one thing, in words. */
function said(all: readonly ChildProgram[], what: string): readonly (readonly string[])[] {
  const words = all.flatMap(({ lines }) => lines).map((line) => line.split(' '));
  return words.filter(([first]) => first === what).map(([, ...rest]) => rest);
}

function firsts(words: readonly (readonly string[])[]): readonly string[] {
  return words.map(([first]) => first as string).toSorted();
}

describe('RedisExecutionStore in several processes', () => {
  test('gives everything once, whoever asks for it', { timeout: 60_000 }, async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const racers = await Promise.all(times(4).map((n) => start('race', url, keyPrefix, `holder-${n}`)));
    for (const racer of racers) racer.say('go');
    expect(await Promise.all(racers.map((racer) => racer.exit()))).toEqual([0, 0, 0, 0]);
    const ids = times(200).map((n) => `e${n}`);
    expect(firsts(said(racers, 'created'))).toEqual(ids.toSorted());
    expect(firsts(said(racers, 'claimed'))).toEqual(ids.toSorted());
    const texts = (count: number, from: number): readonly string[] =>
      times(count).map((n) => String(n + from));
    expect(firsts(said(racers, 'counted'))).toEqual(texts(1_000, 1).toSorted());
    expect(firsts(said(racers, 'committed'))).toEqual(texts(100, 2).toSorted());
    // Each had a seat of its own.
    const seatsOf = racers.map((racer) => new Set(said([racer], 'claimed').map(([, seat]) => seat)));
    expect(seatsOf.every((seats) => seats.size <= 1)).toBe(true);
    const seats = seatsOf.flatMap((one) => [...one]);
    expect(new Set(seats).size).toBe(seats.length);
  });

  test('has all that was acknowledged to a process that was killed, and gives it to another', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const worker = await start('work', url, keyPrefix, 'worker', '500');
    worker.say('go');
    await worker.line('stepped e20');
    await worker.kill();
    const store = new RedisExecutionStore(url, { keyPrefix });
    for (const [id = ''] of said([worker], 'created')) expect((await store.load(id))?.status).toBe('running');
    for (const [id = ''] of said([worker], 'recorded')) {
      expect((await store.load(id))?.counters['work']?.done).toBeGreaterThanOrEqual(1);
    }
    for (const [id = ''] of said([worker], 'stepped'))
      expect(await store.load(id)).toMatchObject({ version: 2, counters: { work: { done: 2 } } });
    // By halves is nothing: a step has its state and its record.
    const { items } = await store.list({ limit: 1_000 });
    for (const { id, version } of items) {
      const { state, counters } = (await store.load(id)) as NonNullable<
        Awaited<ReturnType<typeof store.load>>
      >;
      expect([id, state, counters['work']?.done === 2]).toEqual([
        id,
        version === 2 ? '"stepped"' : '0',
        version === 2,
      ]);
    }
    const taken = new Set<string>();
    await vi.waitFor(
      async () => {
        const request = { holder: 'heir', now: Date.now(), leaseMs: 60_000, limit: 1_000 };
        for (const id of (await store.claim(request)).ids) taken.add(id);
        expect(taken.size).toBe(items.length);
      },
      { timeout: 20_000 },
    );
    await store.close();
  });
});
