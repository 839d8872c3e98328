import { isLoomError } from '@certoai/loom-core';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import { describe, expect, test } from 'vitest';
import { execution, fiveSteps, step, times } from '../embedded/executions.js';

describe('InMemoryExecutionStore', () => {
  test('keeps as many finished executions as it may, and drops what finished first', async () => {
    const store = new InMemoryExecutionStore({ maxFinished: 3 });
    await store.create(execution('running'));
    for (const n of times(5)) await store.create(execution(`e${n}`, { idempotencyKey: `key-${n}` }));
    for (const n of [4, 2, 0, 1, 3]) await store.commit(step(`e${n}`, 1, { status: 'failed' }));
    const { items } = await store.list({});
    expect(items.map(({ id }) => id)).toEqual(['e3', 'e1', 'e0', 'running']);
    expect(await store.create(execution('again', { idempotencyKey: 'key-4' }))).toEqual({
      created: true,
      id: 'again',
    });
  });

  test('may keep none, or ten thousand when nothing is said', async () => {
    const none = new InMemoryExecutionStore({ maxFinished: 0 });
    await fiveSteps(none, 'e1');
    expect(await none.load('e1')).toBeUndefined();
    const many = new InMemoryExecutionStore({ maxFinished: undefined });
    for (const n of times(10_005)) {
      await many.create(execution(`e${n}`));
      await many.commit(step(`e${n}`, 1, { status: 'completed' }));
    }
    expect(await many.load('e4')).toBeUndefined();
    expect((await many.load('e5'))?.status).toBe('completed');
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as maxFinished', (maxFinished) => {
    let thrown: unknown;
    try {
      new InMemoryExecutionStore({ maxFinished });
    } catch (error) {
      thrown = error;
    }
    expect(isLoomError(thrown, 'LOOM_INVALID_OPTION')).toBe(true);
  });
});
