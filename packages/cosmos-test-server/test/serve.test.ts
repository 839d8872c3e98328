import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { refusal } from './contract/target.js';
import { clientOf, openContainer, path } from './open-server.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = fileURLToPath(new URL('../src/cli/serve.ts', import.meta.url));

interface Place {
  readonly endpoint: string;
  readonly key: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function serve(options: object): Promise<{ child: ChildProcess; place: Place }> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(options)], {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, place: JSON.parse(line) as Place };
}

test('a server in another process says how to reach it, is controlled over HTTP, and ends with its input', async () => {
  const { child, place } = await serve({ partitions: 1 });
  expect(place.environment).toHaveProperty('IDENTITY_ENDPOINT');
  const control = async (command: string, args: object = {}): Promise<{ status: number; body: any }> => {
    const response = await fetch(new URL(`_control/${command}`, place.endpoint), {
      method: 'POST',
      body: JSON.stringify(args),
    });
    return { status: response.status, body: await response.json() };
  };
  const container = await openContainer(clientOf(place));
  const create = (id: string): Promise<unknown> => container.items.create({ id, pk: 'p' });

  const rule = { match: { operation: 'create-item' }, effect: { kind: 'answer', status: 503 } };
  const { body } = await control('add-fault', rule);
  expect(await refusal(create('a'))).toMatchObject({ code: 503 });
  await control('remove-fault', body);
  await create('a');
  await control('add-fault', rule);
  await control('clear-faults');
  await create('b');

  expect((await control('split', path)).body).toEqual(['1', '2']);
  expect(await container.getFeedRanges()).toHaveLength(2);
  expect((await control('set-budget', { ...path, unitsPerSecond: 1000 })).status).toBe(200);
  expect((await control('set-budget', path)).status).toBe(200);
  expect((await control('set-replica-lag', { ms: 0 })).status).toBe(200);
  expect((await control('advance-clock', { ms: 1000 })).status).toBe(200);
  expect((await control('stop-clock')).status).toBe(200);
  expect((await control('issue-token', { role: 'reader' })).body).toHaveProperty('token');
  expect((await control('revoke-tokens')).status).toBe(200);
  expect((await control('set-identity-role', { role: 'none' })).status).toBe(200);
  const requests = (await control('requests')).body as { operation: string; status: number }[];
  expect(requests).toContainEqual(expect.objectContaining({ operation: 'create-item', status: 503 }));
  await control('clear-requests');
  expect((await control('requests')).body).toEqual([]);

  expect(await control('add-fault', { effect: {} })).toMatchObject({ status: 400 });
  expect((await control('set-replica-lag', { ms: -1 })).body.message).toContain('ms is -1');
  expect((await control('split', {})).body.message).toContain('Name the container');
  expect((await control('explode')).body.message).toContain('is no command');

  child.stdin?.end();
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
});
