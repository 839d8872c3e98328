import { LoomError, type JsonValue } from '@certoai/loom-core';
import type { Scope } from '../definition/expression.js';
import { Json } from '../engine/json.js';
import type { PlanNode, ScatterLevel } from '../plan/plan.js';
import { chooseActor } from './choose-actor.js';
import { isTruthy, typeName } from './json-facts.js';
import type { Mode } from './mode.js';

/** One task an item, results in the order of the items. Nested levels keep their shape in the output. */
export const scatter: Mode = (node, view) => {
  const { levels } = scatterSpec(node);
  const leaves: Leaf[] = [];
  const shape = expandLevel(levels, 0, view.scope, leaves);
  return {
    tasks: leaves.length,
    task(index) {
      const leaf = leaves[index];
      if (leaf === undefined) throw new RangeError(`Stage "${node.stage}" has no task ${index}.`);
      const itemScope = { ...leaf.scope, [leaf.as]: leaf.item, item: leaf.item, index: leaf.position };
      return {
        actor: node.actor === undefined ? '' : chooseActor(node.actor, { scope: itemScope }),
        input: Json.fromValue(node.input === undefined ? leaf.item : node.input.evaluate(itemScope)),
        view: { scope: itemScope },
      };
    },
    collect: (results) => collectShape(shape, results, { next: 0 }),
  };
};

interface Leaf {
  readonly item: JsonValue;
  /** Position in its own array, before `where` took items out. */
  readonly position: number;
  readonly as: string;
  readonly scope: Scope;
}

/** A number: that many tasks in a row. A list: one entry an outer item. */
type Shape = number | readonly Shape[];

function expandLevel(levels: readonly ScatterLevel[], depth: number, scope: Scope, leaves: Leaf[]): Shape {
  const level = levels[depth];
  if (level === undefined) throw new RangeError(`A scatter has no level ${depth}.`);
  const items = level.over.evaluate(scope);
  if (!Array.isArray(items)) {
    const message = `"${level.over.source}" gave ${typeName(items)}; "over" needs an array.`;
    throw new LoomError('LOOM_EXPRESSION_FAILED', message, { expression: level.over.source });
  }
  const last = depth === levels.length - 1;
  const inner: Shape[] = [];
  const before = leaves.length;
  (items as readonly JsonValue[]).forEach((item, position) => {
    const bound = level.where !== undefined || !last;
    const itemScope = bound ? { ...scope, [level.as]: item, item, index: position } : scope;
    if (level.where !== undefined && !isTruthy(level.where.evaluate(itemScope))) return;
    if (last) leaves.push({ item, position, as: level.as, scope });
    else inner.push(expandLevel(levels, depth + 1, itemScope, leaves));
  });
  return last ? leaves.length - before : inner;
}

function collectShape(shape: Shape, results: readonly (Json | undefined)[], at: { next: number }): Json {
  if (typeof shape !== 'number') return Json.array(shape.map((inner) => collectShape(inner, results, at)));
  const from = at.next;
  at.next += shape;
  return Json.array(results.slice(from, at.next));
}

function scatterSpec(node: PlanNode): { readonly levels: readonly ScatterLevel[] } {
  if (node.spec.mode === 'scatter') return node.spec;
  throw new TypeError(`Node "${node.id}" is no scatter.`);
}
