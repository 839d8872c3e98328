import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BinaryHeap } from '../../src/internal/local-queue/binary-heap.js';
import { DelayedMessages } from '../../src/internal/local-queue/delayed-messages.js';
import { Deque } from '../../src/internal/local-queue/deque.js';
import { ReadyMessages } from '../../src/internal/local-queue/ready-messages.js';
import type { StoredMessage } from '../../src/internal/local-queue/stored-message.js';

describe('Deque', () => {
  test('is a list with two ends', () => {
    const command = fc.oneof(
      fc.record({ end: fc.constantFrom('back', 'front'), value: fc.nat() }),
      fc.constant('pop' as const),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 500, size: 'max' }), (commands) => {
        const deque = new Deque<number>();
        const model: number[] = [];
        for (const one of commands) {
          if (one === 'pop') expect(deque.popFront()).toBe(model.shift());
          else if (one.end === 'back') {
            deque.pushBack(one.value);
            model.push(one.value);
          } else {
            deque.pushFront(one.value);
            model.unshift(one.value);
          }
          expect([deque.size, deque.front]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });

  test('gives back the memory of a burst and goes on', () => {
    const deque = new Deque<number>();
    for (let round = 0; round < 3; round += 1) {
      for (let value = 0; value < 10_000; value += 1) deque.pushBack(value);
      for (let value = 0; value < 10_000; value += 1) expect(deque.popFront()).toBe(value);
      expect(deque.popFront()).toBeUndefined();
    }
  });
});

describe('BinaryHeap', () => {
  test('gives the smallest first', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(50)), { maxLength: 300, size: 'max' }), (commands) => {
        const heap = new BinaryHeap<number>((a, b) => a < b);
        let model: number[] = [];
        for (const value of commands) {
          if (value === null) expect(heap.pop()).toBe(model.shift());
          else {
            heap.push(value);
            model = [...model, value].toSorted((a, b) => a - b);
          }
          expect([heap.size, heap.first]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });
});

describe('ReadyMessages', () => {
  test('gives the highest priority first, and within one the order in which they came', () => {
    const ready = new ReadyMessages();
    const priorities = [0, 50, 0, 100, 50, 7];
    for (const [sequence, priority] of priorities.entries())
      ready.add(message(sequence, priority, 1_000 + sequence));
    expect(ready.size).toBe(6);
    expect(ready.oldestReadySince).toBe(1_000);
    const first = ready.take() as StoredMessage;
    expect(first.sequence).toBe(3);
    ready.putBack(first);
    expect(Array.from({ length: 7 }, () => ready.take()?.sequence)).toEqual([3, 1, 4, 5, 0, 2, undefined]);
    expect(ready.oldestReadySince).toBeUndefined();
  });
});

describe('Messages that are removed from the middle', () => {
  const command = fc.oneof(
    fc.record({ add: fc.nat(30) }),
    fc.record({ remove: fc.nat(40) }),
    fc.constant('take' as const),
  );
  const commands = fc.array(command, { maxLength: 400, size: 'max' });

  test('are passed over among the ready ones', () => {
    fc.assert(
      fc.property(commands, (all) => {
        const ready = new ReadyMessages();
        let model: StoredMessage[] = [];
        for (const [sequence, one] of all.entries()) {
          if (one === 'take') expect(ready.take()).toBe(model.shift());
          else if ('add' in one) {
            const added = message(sequence, one.add % 3, sequence);
            ready.add(added);
            model = [...model, added].toSorted((a, b) => b.priority - a.priority);
          } else if (model.length > 0) {
            const [removed] = model.splice(one.remove % model.length, 1);
            ready.remove(removed as StoredMessage);
          }
          expect(ready.size).toBe(model.length);
          expect(new Set(ready)).toEqual(new Set(model));
          const oldest = Math.min(...model.map(({ dueAt }) => dueAt));
          expect(ready.oldestReadySince).toBe(model.length === 0 ? undefined : oldest);
        }
      }),
    );
  });

  test('are passed over among the delayed ones', () => {
    fc.assert(
      fc.property(commands, (all) => {
        const delayed = new DelayedMessages();
        let model: StoredMessage[] = [];
        for (const [sequence, one] of all.entries()) {
          if (one === 'take') expect(delayed.pop()).toBe(model.shift());
          else if ('add' in one) {
            const added = message(sequence, 0, one.add);
            delayed.push(added);
            model = [...model, added].toSorted((a, b) => a.dueAt - b.dueAt);
          } else if (model.length > 0) {
            const [removed] = model.splice(one.remove % model.length, 1);
            expect(delayed.find(removed?.sequence ?? -1)).toBe(removed);
            delayed.remove(removed as StoredMessage);
            expect(delayed.find(removed?.sequence ?? -1)).toBeUndefined();
          }
          expect([delayed.size, delayed.first]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });
});

function message(sequence: number, priority: number, dueAt: number): StoredMessage {
  return {
    sequence,
    queue: 'q',
    priority,
    sentAt: 0,
    dedupeId: undefined,
    group: undefined,
    body: '1',
    dueAt,
    attempts: 0,
  };
}
