import { LoomError, type JsonValue } from '@certoai/loom-core';
import { Json } from '../engine/json.js';
import type { PlanNode } from '../plan/plan.js';
import { chooseActor } from './choose-actor.js';
import type { Mode, NodeView } from './mode.js';

/**
 * Brings results together. Without an actor the combined items are the output; with one it runs once,
 * or once a group, on `{ key, items }`; ungrouped it gets the combined items.
 */
export const gather: Mode = (node, view) => {
  const { actor } = node;
  const { sources, basis } = gatheredSources(node, view);
  const spec = gatherSpec(node);
  if (spec.groupBy === undefined) {
    const combined = combine(sources, spec.combine);
    if (actor === undefined) return { tasks: 0, task: noTask, collect: () => combined, basis };
    const items = lazyValue(() => sources.flatMap(([, list]) => list.map((item) => item.value)));
    return {
      tasks: 1,
      task() {
        const scope = { ...view.scope, group: { key: null, items: items() } };
        const input = node.input === undefined ? combined : Json.fromValue(node.input.evaluate(scope));
        return { actor: chooseActor(actor, { scope }), input, view: { scope } };
      },
      collect: ([result]) => result ?? Json.null,
      basis,
    };
  }

  const groups = groupItems(
    node,
    sources.flatMap(([, list]) => list),
    view,
  );
  const asObject = spec.combine === 'object';
  const keyed = (outputs: readonly Json[]): Json =>
    Json.object(groups.map(({ key }, index) => [keyName(key), outputs[index] ?? Json.null]));
  if (actor === undefined) {
    const outputs = groups.map(({ items }) => Json.array(items));
    const list = groups.map(({ key, items }) =>
      Json.object([
        ['key', Json.fromValue(key)],
        ['items', Json.array(items)],
      ]),
    );
    return {
      tasks: 0,
      task: noTask,
      collect: () => (asObject ? keyed(outputs) : Json.array(list)),
      basis,
    };
  }
  return {
    tasks: groups.length,
    task(index) {
      const group = groups[index];
      if (group === undefined) throw new RangeError(`Stage "${node.stage}" has no group ${index}.`);
      const value = { key: group.key, items: group.items.map((item) => item.value) };
      const scope = { ...view.scope, group: value, index };
      const input = Json.fromValue(node.input === undefined ? value : node.input.evaluate(scope));
      return { actor: chooseActor(actor, { scope }), input, view: { scope } };
    },
    collect: (results) =>
      asObject ? keyed(results.map((result) => result ?? Json.null)) : Json.array(results),
    basis,
  };
};

type Source = readonly [stage: string, items: readonly Json[]];

/** All items, or exactly the number a partial gather asks for, by input order; those are its basis. */
function gatheredSources(
  node: PlanNode,
  view: NodeView,
): { sources: readonly Source[]; basis: Json | undefined } {
  const { from, condition } = gatherSpec(node);
  if (condition === 'all')
    return { sources: from.map((id) => [stageOf(id), view.items(id)]), basis: undefined };
  if (view.basis !== undefined) {
    const stored = view.basis.value as readonly (readonly [string, readonly JsonValue[]])[];
    const sources = stored.map(([id, items]): Source => [id, items.map((item) => Json.fromValue(item))]);
    return { sources, basis: view.basis };
  }
  let left = condition;
  const sources = from.map((id): Source => {
    const items = view.items(id).slice(0, left);
    left -= items.length;
    return [stageOf(id), items];
  });
  if (left > 0) {
    const got = condition - left;
    const message = `Gather "${node.stage}" needs ${condition} results and only ${got} succeeded.`;
    throw new LoomError('LOOM_EXECUTION_FAILED', message, { needed: condition, got });
  }
  const basis = Json.array(sources.map(([id, items]) => Json.array([Json.fromValue(id), Json.array(items)])));
  return { sources, basis };
}

function combine(sources: readonly Source[], how: 'concat' | 'object'): Json {
  if (how === 'object') return Json.object(sources.map(([stage, items]) => [stage, Json.array(items)]));
  return Json.array(sources.flatMap(([, items]) => items));
}

interface Group {
  readonly key: JsonValue;
  readonly items: Json[];
}

/** Groups in the order in which their first item appears. */
function groupItems(node: PlanNode, items: readonly Json[], view: NodeView): readonly Group[] {
  const { groupBy } = gatherSpec(node);
  const groups = new Map<string, Group>();
  items.forEach((item, index) => {
    const key = groupBy?.evaluate({ ...view.scope, item: item.value, index }) ?? null;
    const text = JSON.stringify(key);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { key, items: [item] });
    else group.items.push(item);
  });
  return [...groups.values()];
}

const keyName = (key: JsonValue): string => (typeof key === 'string' ? key : JSON.stringify(key));

const stageOf = (node: string): string => node.replace(/#.*$/, '');

function noTask(): never {
  throw new RangeError('A gather without an actor has no tasks.');
}

function lazyValue<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

function gatherSpec(node: PlanNode): Extract<PlanNode['spec'], { mode: 'gather' }> {
  if (node.spec.mode === 'gather') return node.spec;
  throw new TypeError(`Node "${node.id}" is no gather.`);
}
