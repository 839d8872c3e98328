import { expect, test } from 'vitest';
import { ReleaseStack } from '@certoai/loom-core';

test('releases last in, first out, one after the other', async () => {
  const order: string[] = [];
  const stack = new ReleaseStack();
  stack.add('first', () => void order.push('first'));
  stack.add('second', async () => {
    await Promise.resolve();
    order.push('second');
  });
  await stack.close();
  expect(order).toEqual(['second', 'first']);
});

test('every release runs, and every failure is reported by name', async () => {
  const ran: string[] = [];
  const stack = new ReleaseStack();
  for (const name of ['a', 'b', 'c']) {
    stack.add(name, () => {
      ran.push(name);
      if (name !== 'b') throw new Error(`no ${name}`);
    });
  }
  const failure = await stack.close().catch((error: unknown) => error);
  expect(ran).toEqual(['c', 'b', 'a']);
  expect(failure).toBeInstanceOf(AggregateError);
  expect((failure as AggregateError).errors).toMatchObject([
    { code: 'LOOM_CLOSE_FAILED', details: { name: 'c' }, cause: { message: 'no c' } },
    { code: 'LOOM_CLOSE_FAILED', details: { name: 'a' } },
  ]);
});

test('closing twice, also from a release, is closing once', async () => {
  let count = 0;
  const stack = new ReleaseStack();
  stack.add('me', () => {
    count++;
    expect(stack.close()).toBe(closing);
  });
  const closing = stack.close();
  expect(stack.close()).toBe(closing);
  await closing;
  await stack[Symbol.asyncDispose]();
  expect(count).toBe(1);
});

test('nothing can be added once it closes', async () => {
  const stack = new ReleaseStack();
  const closing = stack.close();
  expect(() => stack.add('late', () => undefined)).toThrow(expect.objectContaining({ code: 'LOOM_CLOSED' }));
  await closing;
});
