import { Json } from '../engine/json.js';
import { chooseActor } from './choose-actor.js';
import type { Mode } from './mode.js';

/** One task on the stage's input; its output is the stage's. */
export const execute: Mode = (node, view) => ({
  tasks: 1,
  task: () => ({
    actor: node.actor === undefined ? '' : chooseActor(node.actor, view),
    input: node.input === undefined ? view.upstream : Json.fromValue(node.input.evaluate(view.scope)),
    view,
  }),
  collect: ([result]) => result ?? Json.null,
});
