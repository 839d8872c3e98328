// A process that is busy is not dead: with default leases, nobody takes over from one that is blocked for a while.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noOwnRedis, OwnRedis } from '../../../../scripts/redis/own-redis.js';
import { Loom } from '../../src/index.js';
import { ChildProgram } from '../kit/child-program.js';
import { effectsIn, noteEffect } from '../kit/effects.js';

if (noOwnRedis) console.warn(`redis-takeover.integration.test.ts is skipped: ${noOwnRedis}`);

/** Less than the 3.5 s that the lease of a task gives. */
const blockMs = 3_400;

interface Place {
  readonly url: string;
  readonly folder: string;
}

async function onRedis(run: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-takeover-'));
  const redis = await new OwnRedis().start();
  try {
    await run({ url: redis.url, folder });
  } finally {
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(noOwnRedis !== undefined)('Nobody takes over from', () => {
  test.concurrent.each([
    { host: 'a worker', role: 'worker' },
    { host: 'an orchestrator', role: 'orchestrator' },
  ])(
    'a task of another process in $host that is blocked for less than its lease',
    { timeout: 60_000 },
    ({ role }) =>
      onRedis(async ({ url, folder }) => {
        await using _first = await ChildProgram.start('takeover-member.ts', role, url, folder);
        await using _second = await ChildProgram.start('takeover-member.ts', role, url, folder);
        await using loom = new Loom({ redis: { url } });
        const definition = { stages: [{ id: 'work', actor: 'work' }] };
        const { executionId } = await loom.executePipeline(definition, { blockMs });
        expect(effectsIn(folder)).toEqual([`${executionId}/work/0`]);
      }),
  );

  test.concurrent('an orchestrator that is blocked for less than its lease', { timeout: 60_000 }, () =>
    onRedis(async ({ url, folder }) => {
      await using loom = new Loom({ redis: { url } });
      loom.registerActor('work', (_input, { idempotencyKey }) => {
        noteEffect(folder, idempotencyKey);
        return process.pid;
      });
      await loom.initialize();
      const input = JSON.stringify({ blockMs });
      await using other = await ChildProgram.start('takeover-member.ts', 'orchestrator', url, folder, input);
      const id = (await other.says('started ')).slice('started '.length);
      const { output } = await (await loom.executions.attach(id)).result();
      expect(effectsIn(folder)).toEqual([`${id}/work/0`, `${id}/after/0`]);
      expect(output).not.toBe(process.pid);
    }),
  );
});
