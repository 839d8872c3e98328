import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { ChildProgram } from '../child-program.js';

const worker = new URL('./message-worker.ts', import.meta.url);
const rounds = 12;
const concurrency = 8;
const folder = mkdtempSync(join(tmpdir(), 'loom-kill-'));
let running: ChildProgram | undefined;
afterEach(async () => {
  await running?.kill();
  rmSync(folder, { recursive: true, force: true });
});

test(
  'loses no message that was sent and repeats none that was acknowledged, through kill -9 again and again',
  { timeout: 120_000 },
  async () => {
    const sent = new Set<number>();
    const gone = new Map<number, number>();
    const handled = new Map<number, number[]>();
    const repeatedAfterGone: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      running = new ChildProgram(worker, [folder, String(round)]);
      await running.line('ready');
      await wait(20 + ((round * 37) % 150));
      await running.kill();
      for (const line of running.lines) note(line, round);
    }
    expect(sent.size).toBeGreaterThan(rounds * 5);
    // What is left is delivered here.
    const store = await openEmbeddedStore({ path: folder });
    const consumer = await store.messages.consume(
      'orders',
      async ({ body, attempt }) => note(`handled ${(body as { n: number }).n} ${attempt}`, rounds),
      { concurrency, maxDeliveries: 1_000 },
    );
    await vi.waitFor(
      async () =>
        expect(await store.messages.stats('orders')).toMatchObject({
          ready: 0,
          delayed: 0,
          active: 0,
          dead: 0,
        }),
      { timeout: 20_000 },
    );
    await consumer.close();
    await store.close();
    expect([...sent].filter((n) => !handled.has(n))).toEqual([]);
    expect(repeatedAfterGone).toEqual([]);
    for (const [n, attempts] of handled) {
      // Rising, and a number is missing only where the process died before its handler began.
      expect(attempts, `attempts of ${n}`).toEqual(attempts.toSorted((a, b) => a - b));
      expect(new Set(attempts).size, `attempts of ${n}: ${attempts.join()}`).toBe(attempts.length);
    }

    function note(line: string, round: number): void {
      const [what, text, attempt] = line.split(' ');
      const n = Number(text);
      if (what === 'sent') sent.add(n);
      if (what === 'gone') gone.set(n, round);
      if (what !== 'handled') return;
      handled.set(n, [...(handled.get(n) ?? []), Number(attempt)]);
      if (gone.has(n)) repeatedAfterGone.push(n);
    }
  },
);
