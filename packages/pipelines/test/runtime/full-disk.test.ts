import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActorRegistry } from '@certoai/loom-core';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { expect, test } from 'vitest';
import { PipelineOrchestrator } from '../../src/index.js';

test('a full store refuses what is new, keeps what runs waiting visibly, and goes on when there is room', async () => {
  const path = mkdtempSync(join(tmpdir(), 'loom-full-'));
  const store = await openEmbeddedStore({ path, maxBytes: 1_048_576 });
  try {
    const registry = new ActorRegistry();
    let open!: (value: string) => void;
    registry.register(
      'gate',
      () =>
        new Promise((resolve) => {
          open = resolve;
        }),
    );
    registry.register('fill', () => 'x'.repeat(100_000));
    await using orchestrator = new PipelineOrchestrator(undefined, registry, store.executions);
    const waiting = await orchestrator.start({ stages: [{ id: 'gate', actor: 'gate' }] });
    await expect.poll(() => typeof open).toBe('function');

    const big = { payload: 'y'.repeat(150_000) };
    let refused: unknown;
    for (let run = 0; refused === undefined && run < 50; run += 1) {
      const abort = new AbortController();
      const start = orchestrator.start({ stages: [{ id: 'fill', actor: 'fill' }] }, big, {
        signal: abort.signal,
      });
      refused = await start.then(
        // One that was taken may be stuck at its result: it is not what this test waits for.
        () => new Promise((resolve) => setTimeout(resolve, 20)).then(() => undefined),
        (error: unknown) => error,
      );
    }
    expect(refused).toMatchObject({ code: 'LOOM_STORE_FULL' });
    open('z'.repeat(200_000));
    await expect
      .poll(async () => (await orchestrator.executions.why(waiting.id)).map(({ kind }) => kind))
      .toContain('store-unavailable');

    await store.executions.prune({ maxBytes: 0, limit: 1_000 });
    expect((await waiting.result()).output).toBe('z'.repeat(200_000));
  } finally {
    await store.close();
    rmSync(path, { recursive: true, force: true });
  }
});
