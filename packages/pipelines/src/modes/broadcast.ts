import { Json } from '../engine/json.js';
import { chooseActor } from './choose-actor.js';
import type { Mode } from './mode.js';

/** The same input to several actors; outputs in the order of the actors. */
export const broadcast: Mode = (node, view) => {
  const actors = node.spec.mode === 'broadcast' ? node.spec.actors : [];
  return {
    tasks: actors.length,
    task(index) {
      const choice = actors[index];
      if (choice === undefined) throw new RangeError(`Stage "${node.stage}" has no actor ${index}.`);
      const input =
        node.input === undefined ? view.upstream : Json.fromValue(node.input.evaluate(view.scope));
      return { actor: chooseActor(choice, view), input, view };
    },
    collect: (results) => Json.array(actors.map((_, index) => results[index])),
  };
};
