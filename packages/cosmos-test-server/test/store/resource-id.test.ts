import { expect, test } from 'vitest';
import { childRid, containerRid, databaseRid } from '../../src/store/resource-id.js';

const decode = (rid: string): Buffer => Buffer.from(rid.replaceAll('-', '/'), 'base64');

test('an id begins with that of what it is in', () => {
  const [database, container, item] = [databaseRid(7), containerRid(7, 9), childRid(7, 9, 11)].map(decode);
  expect([database?.length, container?.length, item?.length]).toEqual([4, 8, 16]);
  expect(container?.subarray(0, 4)).toEqual(database);
  expect(item?.subarray(0, 8)).toEqual(container);
});

test('ids of items sort by their creation as clients read them', () => {
  const numbers = [1, 255, 256, 257, 70_000].map((child) => decode(childRid(1, 2, child)).readBigUInt64LE(8));
  expect(numbers).toEqual([1n, 255n, 256n, 257n, 70_000n]);
});
