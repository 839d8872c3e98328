import { Json } from '../engine/json.js';
import { chooseActor } from './choose-actor.js';
import { isTruthy } from './json-facts.js';
import type { Mode } from './mode.js';

/** Named branches side by side; the output is an object by branch, `null` for one whose `when` is false. */
export const forkJoin: Mode = (node, view) => {
  const branches = node.spec.mode === 'fork-join' ? node.spec.branches : [];
  const taken = branches.filter(({ when }) => when === undefined || isTruthy(when.evaluate(view.scope)));
  return {
    tasks: taken.length,
    task(index) {
      const branch = taken[index];
      if (branch === undefined) throw new RangeError(`Stage "${node.stage}" has no branch ${index}.`);
      const input = branch.input ?? node.input;
      return {
        actor: chooseActor(branch.actor, view),
        input: input === undefined ? view.upstream : Json.fromValue(input.evaluate(view.scope)),
        view,
      };
    },
    collect: (results) =>
      Json.object(branches.map((branch) => [branch.name, results[taken.indexOf(branch)] ?? Json.null])),
  };
};
