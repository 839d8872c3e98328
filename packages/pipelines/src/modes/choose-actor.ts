import { LoomError } from '@certoai/loom-core';
import type { Scope } from '../definition/expression.js';
import type { ActorChoice } from '../plan/plan.js';
import { isTruthy, typeName } from './json-facts.js';
import type { ActorTarget } from './mode.js';

/** @throws LoomError `LOOM_EXPRESSION_FAILED` when no actor comes out */
export function chooseActor(choice: ActorChoice, view: { readonly scope: Scope }): ActorTarget {
  if (choice.kind === 'literal') return choice.actor;
  if (choice.kind === 'capability') return choice;
  const { scope } = view;
  if (choice.kind === 'expression') {
    const { source } = choice.expression;
    const actor = choice.expression.evaluate(scope);
    if (typeof actor === 'string' && actor !== '') return actor;
    const message = `Actor expression "${source}" gave ${typeName(actor)}; it must give the name of an actor.`;
    throw new LoomError('LOOM_EXPRESSION_FAILED', message, { expression: source });
  }
  const rule = choice.rules.find(({ when }) => isTruthy(when.evaluate(scope)));
  const actor = rule?.actor ?? choice.default;
  if (actor !== undefined) return actor;
  const tried = choice.rules.map(({ when }) => `"${when.source}"`).join(', ');
  const message = `No actor rule applied (${tried}) and there is no default. Add "default" to the rules.`;
  throw new LoomError('LOOM_EXPRESSION_FAILED', message, { rules: choice.rules.length });
}
