import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { describe, expect, test } from 'vitest';
import { PipelineOrchestrator } from '../../src/index.js';
import { seeded } from '../kit/random-pipeline.js';

const program = fileURLToPath(new URL('./killed-process.mjs', import.meta.url));
const executions = 12;

/** What execution `run` must come to, and the keys of its effects without the execution's id. */
function expected(run: number): { readonly output: unknown; readonly effects: readonly string[] } {
  const doubled = Array.from({ length: run % 7 }, (_, n) => (run + n) * 2);
  const odds = [...new Set(doubled.map((n) => (n / 2) % 2 === 1))];
  const sumOf = (odd: boolean) =>
    doubled.filter((n) => ((n / 2) % 2 === 1) === odd).reduce((sum, n) => sum + n, 0);
  return {
    output: odds.map((odd) => ({ odd, sum: sumOf(odd) })),
    effects: [
      'first/0',
      'last/0',
      ...doubled.flatMap((_, index) => [`each/${index}`, `groups#map/${index}`]),
      ...odds.map((_, index) => `groups/${index}`),
    ].sort(),
  };
}

/** A service outside: it applies each key once, and tells when it is asked. */
async function effectService(onCall: () => void) {
  const applied = new Set<string>();
  const server = createServer((request, response) => {
    applied.add(decodeURIComponent((request.url ?? '/').slice(1)));
    response.end();
    onCall();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    applied,
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

describe('a process killed with SIGKILL at random points', () => {
  test.each([1, 2, 3])(
    'finishes every execution, each effect once (seed %i)',
    { timeout: 120_000 },
    async (seed) => {
      const random = seeded(seed);
      const folder = mkdtempSync(join(tmpdir(), 'loom-kill-'));
      const path = join(folder, 'store');
      let callsLeft = 0;
      let kill = (): void => undefined;
      const service = await effectService(() => {
        callsLeft -= 1;
        if (callsLeft === 0) kill();
      });
      let kills = 0;
      try {
        for (let ended = false; !ended;) {
          const child = spawn(process.execPath, [program, path, service.url, String(executions)], {
            stdio: ['ignore', 'ignore', 'pipe'],
          });
          let stderr = '';
          child.stderr.on('data', (text: Buffer) => {
            stderr += text.toString();
          });
          kill = () => void child.kill('SIGKILL');
          // The last rounds are left alone, so that the loop ends.
          callsLeft = kills < 12 ? 1 + Math.floor(random() * 25) : -1;
          const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
          if (signal === 'SIGKILL') kills += 1;
          else expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
          ended = code === 0;
        }
        expect(kills).toBeGreaterThan(3);

        await using store = await openEmbeddedStore({ path });
        await using orchestrator = new PipelineOrchestrator(undefined, undefined, store.executions);
        const { items } = await orchestrator.executions.list({ limit: 1_000 });
        expect(items).toHaveLength(executions);
        const byKey = new Map(items.map((item) => [item.idempotencyKey, item]));
        const effects: string[] = [];
        for (let run = 0; run < executions; run += 1) {
          const item = byKey.get(`run-${run}`);
          const { output, effects: keys } = expected(run);
          expect(item?.status).toBe('completed');
          expect(await orchestrator.executions.output(item?.id ?? '', 'groups')).toEqual(output);
          expect(await orchestrator.executions.output(item?.id ?? '')).toEqual(output);
          effects.push(...keys.map((key) => `${item?.id}/${key}`));
        }
        expect([...service.applied].sort()).toEqual(effects.sort());
      } finally {
        await service.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
