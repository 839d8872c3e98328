import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Actor, type JsonValue, type Logger } from '@certoai/loom-core';
import { afterEach, describe, expect, test } from 'vitest';
import { Loom } from '../../src/index.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loom-facade-'));
  folders.push(folder);
  return folder;
}
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

class DocumentProcessor {
  process(message: unknown): unknown {
    return { processed: message };
  }
}
class Extractor extends Actor {
  override async onReceive(message: { readonly page: number }): Promise<unknown> {
    return { page: message.page, key: this.context.idempotencyKey };
  }
}

describe('Loom', () => {
  test('runs without configuration, and says once that nothing will survive', async () => {
    const lines: string[] = [];
    const note = (message: string): void => void lines.push(message);
    const logger: Logger = {
      debug: () => undefined,
      info: note,
      warn: note,
      error: note,
      child: () => logger,
    };
    await using loom = new Loom({ logger });
    loom.registerActor('processor', DocumentProcessor);
    const definition = { stages: [{ id: 'process', actor: 'processor', mode: 'execute' }] };
    expect((await loom.executePipeline(definition, { a: 1 })).output).toEqual({ processed: { a: 1 } });
    await loom.executePipeline(definition, { a: 2 });
    expect(lines).toEqual(['Loom keeps its state in memory; set embedded.path to survive a restart']);
  });

  test('takes every kind of actor', async () => {
    await using loom = new Loom();
    loom.registerActor('class', DocumentProcessor);
    loom.registerActor('instance', new DocumentProcessor());
    loom.registerActor('factory', { create: () => new DocumentProcessor() });
    loom.registerActor('function', async (input: unknown) => ({ processed: input }));
    loom.registerActor(
      'executor',
      class {
        execute(input: unknown): unknown {
          return { processed: input };
        }
      },
    );
    loom.registerActor('actor', Extractor);
    for (const actor of ['class', 'instance', 'factory', 'function', 'executor']) {
      expect((await loom.executePipeline({ stages: [{ id: 's', actor }] }, 1)).output).toEqual({
        processed: 1,
      });
    }
    const { output, executionId } = await loom.executePipeline(
      { stages: [{ id: 's', actor: 'actor' }] },
      { page: 3 },
    );
    expect(output).toEqual({ page: 3, key: `${executionId}/s/0` });
    expect(() => loom.registerActor('none', {} as never)).toThrow(TypeError);
  });

  test('goes on after it was closed, in the folder it was given', async () => {
    const path = join(newFolder(), 'store');
    const definition = {
      stages: [
        { id: 'a', actor: 'a' },
        { id: 'b', actor: 'b' },
      ],
    };
    const first = new Loom({ embedded: { path } });
    first.registerActor('a', (n: number) => n + 1);
    first.registerActor('b', () => new Promise(() => undefined));
    const { id } = await first.startPipeline(definition, 1);
    await expect.poll(async () => (await first.executions.get(id)).stages[0]?.status).toBe('completed');
    await first.close();

    await using second = new Loom({ embedded: { path } });
    second.registerActor('a', () => {
      throw new Error('must not run again');
    });
    second.registerActor('b', (n: number) => n * 10);
    expect((await (await second.executions.attach(id)).result()).output).toBe(20);
  });

  test('a folder in use is refused and names who uses it; a later try can succeed', async () => {
    const path = newFolder();
    const first = new Loom({ embedded: { path } });
    await first.initialize();
    const second = new Loom({ embedded: { path } });
    const error = await rejection(second.initialize());
    expect(error).toMatchObject({ code: 'LOOM_STORE_LOCKED' });
    expect(String(error)).toContain(String(process.pid));
    await first.close();
    await second.initialize();
    await second.close();
  });

  test('a block that cannot be used is an error at initialize, with its name', async () => {
    const nowhere = { host: '127.0.0.1', port: 1 };
    const error = await rejection(new Loom({ redis: nowhere, embedded: { path: 'x' } }).initialize());
    expect(error).toMatchObject({
      code: 'LOOM_INVALID_CONFIG',
      details: { blocks: ['redis', 'embedded'] },
    });
    const cosmos = { endpoint: process.env['LOOM_NO_SUCH_VARIABLE'] };
    expect(String(await rejection(new Loom({ cosmos }).initialize()))).toContain('endpoint of Cosmos DB');
    const wrong = { embeded: { path: 'x' } } as never;
    expect(String(await rejection(new Loom(wrong).initialize()))).toContain('embedded');
  });

  test('initialize is optional, idempotent and safe to call at once; close too', async () => {
    const loom = new Loom();
    await Promise.all([loom.initialize(), loom.initialize()]);
    await Promise.all([loom.close(), loom.close()]);
    expect(await rejection(loom.initialize())).toMatchObject({ code: 'LOOM_CLOSED' });
    expect(await rejection(loom.executePipeline({ stages: [] }))).toMatchObject({ code: 'LOOM_CLOSED' });
    await new Loom().close();
    const busy = new Loom();
    const opening = rejection(busy.initialize());
    await busy.close();
    await opening;
  });

  test('listens, lists and asks why through the facade', async () => {
    await using loom = new Loom();
    let open: ((value: unknown) => void) | undefined;
    loom.registerActor(
      'wait',
      () =>
        new Promise((resolve) => {
          open = resolve;
        }),
    );
    const handle = await loom.startPipeline({ name: 'n', stages: [{ id: 's', actor: 'wait' }] }, null, {
      tags: ['x'],
    });
    await expect.poll(() => typeof open).toBe('function');
    await expect
      .poll(() => loom.executions.why(handle.id))
      .toEqual([expect.objectContaining({ kind: 'running', stage: 's' })]);
    expect(
      (await loom.executions.list({ tags: ['x'], status: ['running'] })).items.map(({ id }) => id),
    ).toEqual([handle.id]);
    open?.('ok');
    expect(await loom.executions.attach(handle.id).then((again) => again.result())).toMatchObject({
      output: 'ok',
      stages: { s: { status: 'completed' } },
    });
  });

  test('a mode registered before or after initialize runs', async () => {
    await using loom = new Loom();
    loom.registerActor('echo', (x: unknown) => x);
    const twice = {
      plan: ({ input }: { readonly input: JsonValue }) => [
        { actor: 'echo', input },
        { actor: 'echo', input },
      ],
    };
    loom.registerExecutor('before', twice);
    await loom.initialize();
    loom.registerExecutor('after', twice);
    for (const mode of ['before', 'after'])
      expect((await loom.executePipeline({ stages: [{ id: 's', mode }] }, 1)).output).toEqual([1, 1]);
  });

  test('traces what it runs when told to, and not otherwise', async () => {
    await using quiet = new Loom();
    expect(await quiet.tracer()).toBeUndefined();
    await using loom = new Loom({ observability: { tracing: true } });
    loom.registerActor('echo', (x: unknown) => x);
    const { executionId } = await loom.executePipeline(
      { name: 'traced', stages: [{ id: 's', actor: 'echo' }] },
      1,
    );
    const tracer = await loom.tracer();
    expect(await tracer?.summary(executionId)).toMatchObject({ executionId, status: 'completed' });
  });

  test('keeps traces beside the embedded store, for whoever opens the folder next', async () => {
    const path = join(newFolder(), 'store');
    const run = async (): Promise<string> => {
      await using loom = new Loom({ embedded: { path }, observability: { tracing: true } });
      loom.registerActor('echo', (x: unknown) => x);
      return (await loom.executePipeline({ stages: [{ id: 's', actor: 'echo' }] }, 1)).executionId;
    };
    const id = await run();
    await using again = new Loom({ embedded: { path }, observability: { tracing: true } });
    expect(await (await again.tracer())?.summary(id)).toMatchObject({ executionId: id, status: 'completed' });
  });

  test('measures what it runs when told to, beside a tracer of the user', async () => {
    await using quiet = new Loom();
    expect(await quiet.metrics()).toBeUndefined();
    const seen: string[] = [];
    const tracer = { observe: ({ type }: { readonly type: string }) => void seen.push(type) };
    await using loom = new Loom({ observability: { metrics: true }, tracer });
    loom.registerActor('echo', (x: unknown) => x);
    await loom.executePipeline({ name: 'measured', stages: [{ id: 's', actor: 'echo' }] }, 1);
    expect(seen).toContain('execution:finished');
    const families = (await (await loom.metrics())?.collect()) ?? [];
    expect(JSON.stringify(families)).toContain('measured');
  });

  test('is healthy while its store takes what it writes', async () => {
    await using loom = new Loom();
    expect(await loom.health()).toMatchObject({ live: true, ready: true, degraded: false, reasons: [] });
  });
});
