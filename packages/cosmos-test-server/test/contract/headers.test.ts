import { beforeAll, expect, test } from 'vitest';
import type { Container } from '@azure/cosmos';
import { describeContract, fresh } from './target.js';

describeContract('headers', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container({ id: 'plain' });
  });

  test('every answer says what it cost, and under which activity', async () => {
    const pk = fresh();
    const created = await container.items.create({ id: 'a', pk });
    const read = await container.item('a', pk).read();
    const query = await container.items.query('SELECT * FROM c', { partitionKey: pk }).fetchNext();
    for (const { requestCharge, activityId } of [created, read, query]) {
      expect(requestCharge).toBeGreaterThan(0);
      expect(activityId).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test('a read costs less than the write, and a large item more than a small one', async () => {
    const pk = fresh();
    const small = await container.items.create({ id: 'small', pk });
    const large = await container.items.create({ id: 'large', pk, text: 'x'.repeat(20_000) });
    const read = await container.item('small', pk).read();
    expect(read.requestCharge).toBe(1);
    expect(small.requestCharge).toBeGreaterThan(read.requestCharge);
    expect(large.requestCharge).toBeGreaterThan(small.requestCharge);
    expect((await container.item('large', pk).read()).requestCharge).toBeGreaterThan(1);
  });

  test('a write gives a session token that moves on', async () => {
    const pk = fresh();
    const lsn = (token: string | undefined): number => Number(/#(\d+)/.exec(token ?? '')?.[1]);
    const first = await container.items.create({ id: 'a', pk });
    const second = await container.items.create({ id: 'b', pk });
    expect(lsn(second.headers['x-ms-session-token'] as string)).toBeGreaterThan(
      lsn(first.headers['x-ms-session-token'] as string),
    );
  });

  test('a container says how much is in it when asked', async () => {
    const { headers } = await container.read({ populateQuotaInfo: true });
    expect(String(headers['x-ms-resource-usage'])).toContain('documentsCount=');
  });

  test('a container that is deleted and created again is empty', async (context) => {
    target.needManagement(context);
    const definition = { id: 'recreated' };
    const first = await target.container(definition);
    const pk = fresh();
    await first.items.create({ id: 'a', pk });
    await first.delete();
    const second = await target.container(definition);
    expect((await second.item('a', pk).read()).statusCode).toBe(404);
    await second.items.create({ id: 'a', pk });
    expect((await second.item('a', pk).read()).statusCode).toBe(200);
  });
});
