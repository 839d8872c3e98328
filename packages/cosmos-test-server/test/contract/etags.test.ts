import { beforeAll, expect, test } from 'vitest';
import type { Container, RequestOptions } from '@azure/cosmos';
import { describeContract, fresh, refusal } from './target.js';

const ifMatch = (condition: string): RequestOptions => ({ accessCondition: { type: 'IfMatch', condition } });
const ifNoneMatch = (condition: string): RequestOptions => ({
  accessCondition: { type: 'IfNoneMatch', condition },
});

describeContract('etags', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container();
  });

  /** @returns its key, and its etag now and before its last change */
  async function changedItem(): Promise<{ pk: string; etag: string; oldEtag: string }> {
    const pk = fresh();
    const created = await container.items.create({ id: 'a', pk, n: 1 });
    const { etag } = await container.item('a', pk).replace({ id: 'a', pk, n: 2 });
    return { pk, etag, oldEtag: created.etag };
  }

  test('every write changes the etag of an item', async () => {
    const { pk, etag, oldEtag } = await changedItem();
    expect(etag).not.toBe(oldEtag);
    expect((await container.item('a', pk).read()).resource?._etag).toBe(etag);
  });

  test('a replacement is made with the newest etag, and with an older one refused', async () => {
    const { pk, etag, oldEtag } = await changedItem();
    const item = container.item('a', pk);
    const stale = item.replace({ id: 'a', pk, n: 3 }, ifMatch(oldEtag));
    expect(await refusal(stale)).toMatchObject({ code: 412 });
    expect((await item.read()).resource).toMatchObject({ n: 2 });
    await item.replace({ id: 'a', pk, n: 3 }, ifMatch(etag));
    expect((await item.read()).resource).toMatchObject({ n: 3 });
  });

  test('a deletion with an older etag is refused', async () => {
    const { pk, etag, oldEtag } = await changedItem();
    const item = container.item('a', pk);
    expect(await refusal(item.delete(ifMatch(oldEtag)))).toMatchObject({ code: 412 });
    expect((await item.read()).statusCode).toBe(200);
    await item.delete(ifMatch(etag));
    expect((await item.read()).statusCode).toBe(404);
  });

  test('an upsert with an older etag is refused, and one of an item that is gone creates it', async () => {
    const { pk, oldEtag } = await changedItem();
    const stale = container.items.upsert({ id: 'a', pk, n: 3 }, ifMatch(oldEtag));
    expect(await refusal(stale)).toMatchObject({ code: 412 });
    await container.item('a', pk).delete();
    const created = await container.items.upsert({ id: 'a', pk, n: 3 }, ifMatch(oldEtag));
    expect(created.statusCode).toBe(201);
  });

  test('of twenty that replace the same state, one wins', async () => {
    const { pk, etag } = await changedItem();
    const attempts = Array.from({ length: 20 }, (_, by) =>
      container.item('a', pk).replace({ id: 'a', pk, by }, ifMatch(etag)),
    );
    const outcomes = await Promise.allSettled(attempts);
    const won = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.resource?.by] : []));
    expect(won).toHaveLength(1);
    expect((await container.item('a', pk).read()).resource).toMatchObject({ by: won[0] });
  });

  test('an item that was deleted and created again does not match its old etag', async () => {
    const { pk, etag } = await changedItem();
    await container.item('a', pk).delete();
    await container.items.create({ id: 'a', pk, n: 2 });
    const stale = container.item('a', pk).replace({ id: 'a', pk, n: 3 }, ifMatch(etag));
    expect(await refusal(stale)).toMatchObject({ code: 412 });
  });

  test('a read with the newest etag answers 304 without the item, and with an older one 200', async () => {
    const { pk, etag, oldEtag } = await changedItem();
    const unchanged = await container.item('a', pk).read(ifNoneMatch(etag));
    expect(unchanged.statusCode).toBe(304);
    expect(unchanged.resource ?? undefined).toBeUndefined();
    const changed = await container.item('a', pk).read(ifNoneMatch(oldEtag));
    expect(changed.statusCode).toBe(200);
    expect(changed.resource).toMatchObject({ n: 2 });
  });
});
