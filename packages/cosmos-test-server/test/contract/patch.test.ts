import { beforeAll, expect, test } from 'vitest';
import type { Container, PatchOperation, PatchRequestBody } from '@azure/cosmos';
import { describeContract, fresh, refusal } from './target.js';

describeContract('patch', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container();
  });

  const start = { n: 1, name: 'Ada', tags: ['a', 'b'], address: { city: 'Ulm', zip: '1' } };

  async function patched(body: PatchRequestBody): Promise<Record<string, unknown>> {
    const pk = fresh();
    await container.items.create({ id: 'a', pk, ...start });
    const { resource } = await container.item('a', pk).patch(body);
    const stored = await container.item('a', pk).read();
    expect(stored.resource).toEqual(resource);
    return stored.resource as Record<string, unknown>;
  }

  async function refused(body: PatchRequestBody): Promise<unknown> {
    const pk = fresh();
    await container.items.create({ id: 'a', pk, ...start });
    const { code } = await refusal(container.item('a', pk).patch(body));
    expect((await container.item('a', pk).read()).resource).toMatchObject(start);
    return code;
  }

  test('adds properties, and elements at a place or at the end', async () => {
    const item = await patched([
      { op: 'add', path: '/new', value: { deep: [1] } },
      { op: 'add', path: '/tags/1', value: 'between' },
      { op: 'add', path: '/tags/-', value: 'last' },
    ]);
    expect(item).toMatchObject({ new: { deep: [1] }, tags: ['a', 'between', 'b', 'last'] });
  });

  test('sets what is there and what is not', async () => {
    const item = await patched([
      { op: 'set', path: '/name', value: 'Grace' },
      { op: 'set', path: '/nick', value: null },
      { op: 'set', path: '/address/city', value: 'Bern' },
      { op: 'set', path: '/tags/0', value: 'first' },
    ]);
    expect(item).toMatchObject({
      name: 'Grace',
      nick: null,
      address: { city: 'Bern' },
      tags: ['first', 'b'],
    });
  });

  test('replaces what is there only', async () => {
    expect(await patched([{ op: 'replace', path: '/name', value: 'Grace' }])).toMatchObject({
      name: 'Grace',
    });
    expect(await refused([{ op: 'replace', path: '/absent', value: 1 }])).toBe(400);
  });

  test('removes what is there only', async () => {
    const item = await patched([
      { op: 'remove', path: '/address/zip' },
      { op: 'remove', path: '/tags/0' },
    ]);
    expect(item).toMatchObject({ address: { city: 'Ulm' }, tags: ['b'] });
    expect(item['address']).not.toHaveProperty('zip');
    expect(await refused([{ op: 'remove', path: '/absent' }])).toBe(400);
  });

  test('increments numbers, up and down, and starts at nothing', async () => {
    const item = await patched([
      { op: 'incr', path: '/n', value: 5 },
      { op: 'incr', path: '/n', value: -0.5 },
      { op: 'incr', path: '/fresh', value: 3 },
    ]);
    expect(item).toMatchObject({ n: 5.5, fresh: 3 });
    expect(await refused([{ op: 'incr', path: '/name', value: 1 }])).toBe(400);
  });

  test('fifty increments at once are fifty', async () => {
    const pk = fresh();
    await container.items.create({ id: 'a', pk, n: 0 });
    const one: PatchOperation[] = [{ op: 'incr', path: '/n', value: 1 }];
    await Promise.all(Array.from({ length: 50 }, () => container.item('a', pk).patch(one)));
    expect((await container.item('a', pk).read()).resource).toMatchObject({ n: 50 });
  });

  test('is made all or not at all', async () => {
    expect(
      await refused([
        { op: 'set', path: '/n', value: 9 },
        { op: 'replace', path: '/absent', value: 1 },
      ]),
    ).toBe(400);
  });

  test('has at most ten operations', async () => {
    const operations = (count: number): PatchOperation[] =>
      Array.from({ length: count }, () => ({ op: 'incr', path: '/n', value: 1 }));
    expect(await patched(operations(10))).toMatchObject({ n: 11 });
    expect(await refused(operations(11))).toBe(400);
  });

  test('does not change the id, the partition key or what the service writes', async () => {
    expect(await refused([{ op: 'set', path: '/id', value: 'b' }])).toBe(400);
    expect(await refused([{ op: 'set', path: '/pk', value: 'b' }])).toBe(400);
    expect(await refused([{ op: 'set', path: '/_ts', value: 1 }])).toBe(400);
  });

  test('with an older etag is refused', async () => {
    const pk = fresh();
    const created = await container.items.create({ id: 'a', pk, n: 1 });
    const item = container.item('a', pk);
    await item.patch([{ op: 'incr', path: '/n', value: 1 }]);
    const condition = { type: 'IfMatch', condition: created.etag };
    const stale = item.patch([{ op: 'incr', path: '/n', value: 1 }], { accessCondition: condition });
    expect(await refusal(stale)).toMatchObject({ code: 412 });
    expect((await item.read()).resource).toMatchObject({ n: 2 });
  });

  test('with a condition is made only where it holds, and looks at this item only', async () => {
    const [pk, other] = [fresh(), fresh()];
    await container.items.create({ id: 'a', pk, leaseOwner: 'Worker-A', n: 1 });
    await container.items.create({ id: 'a', pk: other, leaseOwner: 'Worker-B', n: 1 });
    const operations: PatchOperation[] = [{ op: 'set', path: '/leaseOwner', value: 'Worker-C' }];
    const condition = (owner: string): string => `from c where c.leaseOwner = "${owner}" and c.n < 2`;
    const wrong = container.item('a', pk).patch({ condition: condition('Worker-B'), operations });
    expect(await refusal(wrong)).toMatchObject({ code: 412 });
    const { resource } = await container
      .item('a', pk)
      .patch({ condition: condition('Worker-A'), operations });
    expect(resource).toMatchObject({ leaseOwner: 'Worker-C' });
    expect((await container.item('a', other).read()).resource).toMatchObject({ leaseOwner: 'Worker-B' });
  });

  test('of many with one condition, one wins', async () => {
    const pk = fresh();
    await container.items.create({ id: 'a', pk, owner: null });
    const attempts = Array.from({ length: 32 }, (_, i) =>
      container.item('a', pk).patch({
        condition: 'FROM c WHERE c.owner = null',
        operations: [{ op: 'set', path: '/owner', value: i }],
      }),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('of what is not there is not found', async () => {
    const absent = container.item('a', fresh()).patch([{ op: 'set', path: '/n', value: 1 }]);
    expect(await refusal(absent)).toMatchObject({ code: 404 });
  });
});
