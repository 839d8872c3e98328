import type { Container } from '@azure/cosmos';
import { expect, test } from 'vitest';
import type { CosmosTestServer, FaultRule } from '../../src/index.js';
import { refusal } from '../contract/target.js';
import { clientOf, openContainer, openServer, rawRequest, withoutRetries } from '../open-server.js';

async function open(): Promise<{ server: CosmosTestServer; container: Container }> {
  const server = await openServer();
  return { server, container: await openContainer(clientOf(server)) };
}

const create = (container: Container, id = 'a'): Promise<unknown> => container.items.create({ id, pk: 'p' });
const isThere = async (container: Container, id = 'a'): Promise<boolean> =>
  (await container.item(id, 'p').read()).statusCode === 200;

test.each([408, 410, 412, 449, 503])('answers %i without doing what was asked', async (status) => {
  const { server, container } = await open();
  server.faults.add({ match: { operation: 'create-item' }, times: 1, effect: { kind: 'answer', status } });
  expect(await refusal(create(container))).toMatchObject({ code: status });
  expect(await isThere(container)).toBe(false);
  expect(server.requests.count('create-item')).toBe(1);
  await create(container);
});

test('answers after all was done', async () => {
  const { server, container } = await open();
  const effect = { kind: 'answer', status: 503, when: 'after' } as const;
  server.faults.add({ match: { operation: 'create-item' }, times: 1, effect });
  expect(await refusal(create(container))).toMatchObject({ code: 503 });
  expect(await isThere(container)).toBe(true);
});

test.each([{ retryAfterMs: 1 }, {}])('answers 429, which the client tries again: %o', async (retryAfter) => {
  const { server, container } = await open();
  const effect = { kind: 'answer', status: 429, substatus: 3200, ...retryAfter } as const;
  server.faults.add({ match: { operation: 'create-item' }, times: 2, effect });
  await create(container);
  expect(server.requests.count('create-item')).toBe(3);
  expect(server.requests.entries.map(({ status }) => status)).toEqual(
    expect.arrayContaining([429, 429, 201]),
  );
});

test('a session that no replica has shows in the substatus only', async () => {
  const { server, container } = await open();
  const effect = { kind: 'answer', status: 404, substatus: 1002 } as const;
  server.faults.add({ match: { operation: 'read-item' }, effect });
  expect(await container.item('a', 'p').read()).toMatchObject({ statusCode: 404, substatus: 1002 });
});

test('cuts the connection before or after the work', async () => {
  const { server, container } = await open();
  const cut = (when: 'before' | 'after'): FaultRule => ({
    match: { operation: 'create-item' },
    times: 1,
    effect: { kind: 'disconnect', when },
  });
  server.faults.add(cut('before'));
  expect(await refusal(create(container, 'before'))).toMatchObject({ code: 'ECONNRESET' });
  server.faults.add(cut('after'));
  expect(await refusal(create(container, 'after'))).toMatchObject({ code: 'ECONNRESET' });
  expect([await isThere(container, 'before'), await isThere(container, 'after')]).toEqual([false, true]);
  expect(server.requests.entries.filter(({ status }) => status === 0)).toHaveLength(2);
});

test.each(['empty', 'html'] as const)('answers as a proxy does: %s', async (body) => {
  const { server, container } = await open();
  const effect = { kind: 'answer', status: 503, body } as const;
  server.faults.add({ match: { operation: 'create-item' }, times: 1, effect });
  const error = await create(container).catch((one: unknown) => one as Error & { code?: unknown });
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toHaveProperty('code');
});

test('a late answer comes after the time that a client takes for it, though the work is done', async () => {
  const { server, container } = await open();
  const impatient = clientOf(server, { connectionPolicy: { requestTimeout: 50 } });
  const late = impatient.database('db').container('items');
  const match = { operation: 'create-item' } as const;
  server.faults.add({ match, times: 1, effect: { kind: 'delay', ms: 600_000, when: 'after' } });
  await expect(create(late)).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(await isThere(container)).toBe(true);
});

test('a delay and an answer come together', async () => {
  const { server, container } = await open();
  server.faults.add({ effect: { kind: 'delay', ms: 1 } });
  server.faults.add({ match: { operation: 'create-item' }, effect: { kind: 'answer', status: 449 } });
  expect(await refusal(create(container))).toMatchObject({ code: 449 });
});

test('lets some by, strikes each n-th, and ends after so many', async () => {
  const { server, container } = await open();
  server.faults.add({
    match: { operation: 'create-item' },
    skip: 1,
    every: 2,
    times: 2,
    effect: { kind: 'answer', status: 503 },
  });
  const outcomes: string[] = [];
  for (let i = 0; i < 8; i++) {
    const done = await create(container, String(i)).then(
      () => 'ok',
      () => 'struck',
    );
    outcomes.push(done);
  }
  expect(outcomes.join(' ')).toBe('ok ok struck ok struck ok ok ok');
});

test('strikes only what matches', async () => {
  const { server, container } = await open();
  const effect = { kind: 'answer', status: 503 } as const;
  server.faults.add({ match: { container: 'another' }, effect });
  server.faults.add({ match: { item: 'b' }, effect });
  server.faults.add({ match: { operation: ['patch-item', 'batch'] }, effect });
  await create(container);
  await create(container, 'b');
  expect(await refusal(container.item('b', 'p').delete())).toMatchObject({ code: 503 });
  const patch = container.item('a', 'p').patch([{ op: 'set', path: '/n', value: 1 }]);
  expect(await refusal(patch)).toMatchObject({ code: 503 });
  await container.item('a', 'p').delete();
});

test('ends when it is told to, alone or with all others', async () => {
  const { server, container } = await open();
  const rule: FaultRule = {
    match: { operation: 'create-item' },
    effect: { kind: 'answer', status: 503 },
  };
  const end = server.faults.add(rule);
  end();
  end();
  await create(container);
  server.faults.add(rule);
  server.faults.clear();
  await create(container, 'b');
});

test.each([
  [{}, 'has no "effect"'],
  [{ effect: { kind: 'explode' } }, 'kind is "explode"'],
  [{ effect: { kind: 'answer', status: 200 } }, 'status is 200'],
  [{ effect: { kind: 'answer', status: Number.NaN } }, 'status is NaN'],
  [{ effect: { kind: 'answer', status: 503, body: 'xml' } }, 'body is "xml"'],
  [{ effect: { kind: 'answer', status: 429, retryAfterMs: -1 } }, 'retryAfterMs is -1'],
  [{ effect: { kind: 'delay', ms: Infinity } }, 'ms is Infinity'],
  [{ effect: { kind: 'disconnect', when: 'never' } }, 'when is "never"'],
  [{ effect: { kind: 'disconnect', when: 'before' }, every: 0 }, 'every is 0'],
  [{ effect: { kind: 'disconnect', when: 'before' }, times: 0 }, 'times is 0'],
  [{ effect: { kind: 'disconnect', when: 'before' }, skip: 1.5 }, 'skip is 1.5'],
  [
    { effect: { kind: 'disconnect', when: 'before' }, match: { operation: 'create' } },
    'operation is "create"',
  ],
])('refuses the rule %o', async (rule, message) => {
  const { faults } = await openServer();
  expect(() => faults.add(rule as FaultRule)).toThrow(message);
});

test('a request that no client makes is logged with its answer', async () => {
  const server = await openServer();
  const response = await rawRequest(server, 'GET', '/dbs/absent');
  expect(response.status).toBe(404);
  const [entry] = server.requests.entries;
  expect(entry).toMatchObject({
    method: 'GET',
    path: '/dbs/absent',
    operation: 'read-database',
    status: 404,
  });
  expect(entry?.headers).not.toHaveProperty('authorization');
  server.requests.clear();
  expect(server.requests.entries).toEqual([]);
});

test('a server with nothing wrong retries nothing', async () => {
  const server = await openServer();
  const container = await openContainer(clientOf(server, withoutRetries));
  server.requests.clear();
  await create(container);
  expect(server.requests.entries.map(({ status }) => status)).toEqual([201]);
});
