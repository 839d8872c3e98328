import {
  assert,
  dictionary,
  integer,
  option,
  property,
  record,
  constantFrom,
  oneof,
  constant,
} from 'fast-check';
import { expect, test } from 'vitest';
import { StateText } from '../../src/engine/state-text.js';
import type { ExecutionState, NodeState } from '../../src/engine/state.js';

const time = integer({ min: 0, max: 4_000_000_000_000 });
const maybe = { nil: undefined };
const failure = record({
  stage: constant('a'),
  error: record({ name: constant('Error'), message: constant('"quoted"\n') }),
});
const node = oneof(
  record({
    kind: constant('running'),
    startedAt: time,
    tasks: integer({ min: 1 }),
    deadlineAt: option(time, maybe),
  }),
  record({
    kind: constant('completed'),
    startedAt: time,
    finishedAt: time,
    tasks: integer({ min: 0 }),
    failed: integer({ min: 0 }),
    value: option(constant(true), maybe),
  }),
  record({
    kind: constant('failed'),
    startedAt: time,
    finishedAt: time,
    tasks: integer({ min: 0 }),
    failed: integer({ min: 0 }),
    failure,
  }),
  record({ kind: constantFrom('skipped', 'cancelled'), finishedAt: time }),
);
const state = record({
  status: constantFrom('running', 'paused', 'completed', 'failed', 'cancelled', 'timed-out'),
  startedAt: time,
  deadlineAt: option(time, maybe),
  finishedAt: option(time, maybe),
  headers: option(dictionary(constantFrom('traceparent', 'x"y'), constant('1'), { maxKeys: 2 }), maybe),
  tenant: option(constantFrom('acme', 'a"b'), maybe),
  config: option(constant(true), maybe),
  notify: option(record({ queue: constant('done'), key: option(constant('k"'), maybe) }), maybe),
  failure: option(failure, maybe),
  nodes: dictionary(constantFrom('a', 'b', 'c-d', 'm#map'), node, { maxKeys: 4 }),
});

test('a state comes back from its text as it was, whatever was written before', () => {
  assert(
    property(state, state, (first, second) => {
      const text = new StateText();
      for (const one of [first, second, { ...second, nodes: { ...first.nodes, ...second.nodes } }]) {
        const plain: unknown = JSON.parse(JSON.stringify(one));
        expect(JSON.parse(text.of(one as unknown as ExecutionState))).toEqual(plain);
      }
    }),
  );
});

test('a node that changed is written anew', () => {
  const text = new StateText();
  const running: NodeState = { kind: 'running', startedAt: 1, tasks: 2 };
  const of = (a: NodeState): string => text.of({ status: 'running', startedAt: 1, nodes: { a } });
  expect(of(running)).toBe(
    '{"status":"running","startedAt":1,"nodes":{"a":{"kind":"running","startedAt":1,"tasks":2}}}',
  );
  expect(of({ ...running, tasks: 3 })).toContain('"tasks":3');
});
