import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Loom } from '../../src/index.js';
import { NotifyingProcess } from './notifying.js';

describe('a process killed with SIGKILL after the last step of an execution', () => {
  test.each(['before', 'after'] as const)(
    'tells of it once, when it dies %s the message is sent',
    { timeout: 60_000 },
    async (moment) => {
      const folder = mkdtempSync(join(tmpdir(), 'loom-notify-'));
      try {
        await using first = new NotifyingProcess(moment, join(folder, 'store'));
        const id = await first.said('started');
        await first.died();
        await using loom = new Loom({ embedded: { path: join(folder, 'store') } });
        const messages = await loom.messages();
        const told: unknown[] = [];
        await messages.consume('ended', async ({ body }) => void told.push(body));
        await vi.waitFor(() => expect(told.length).toBeGreaterThan(0), { timeout: 20_000 });
        const outbox = await loom.outbox();
        await vi.waitFor(async () => expect((await outbox.stats()).waiting).toBe(0), { timeout: 20_000 });
        await vi.waitFor(async () =>
          expect(await messages.stats('ended')).toMatchObject({ ready: 0, active: 0, delayed: 0, dead: 0 }),
        );
        expect(told).toEqual([
          {
            kind: 'execution-finished',
            executionId: id,
            status: 'completed',
            output: moment,
            finishedAt: expect.any(Number),
          },
        ]);
        expect((await loom.executions.get(id)).status).toBe('completed');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
