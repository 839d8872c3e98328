import { expect, test } from 'vitest';
import { isSignedWith, isTimely } from '../../src/auth/master-key.js';

// The example of https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
const key = 'dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==';
const signature = 'c09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu+c+c=';
const request = { method: 'GET', segments: ['dbs', 'ToDoList'], date: 'Thu, 27 Apr 2017 00:51:12 GMT' };

test('accepts the documented signature', () => {
  expect(isSignedWith(key, signature, request)).toBe(true);
});

test('refuses it for anything else', () => {
  expect(isSignedWith(key, signature, { ...request, method: 'DELETE' })).toBe(false);
  expect(isSignedWith(key, signature, { ...request, segments: ['dbs', 'todolist'] })).toBe(false);
  expect(isSignedWith(key, signature, { ...request, date: 'Thu, 27 Apr 2017 00:51:13 GMT' })).toBe(false);
  expect(isSignedWith(key, 'short', request)).toBe(false);
});

test('a signature is good for a quarter of an hour', () => {
  const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toUTCString();
  expect([0, 10, -10].map((minutes) => isTimely(minutesAgo(minutes)))).toEqual([true, true, true]);
  expect([20, -20].map((minutes) => isTimely(minutesAgo(minutes)))).toEqual([false, false]);
  expect(isTimely('')).toBe(false);
});
