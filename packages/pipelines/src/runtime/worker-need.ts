import { LoomError, type JsonValue } from '@certoai/loom-core';
import type { ActorQuery } from '@certoai/loom-discovery';
import { typeName } from '../modes/json-facts.js';
import type { TaskSpec } from '../modes/mode.js';
import type { PlanNode } from '../plan/plan.js';

/** Version ranges that an execution keeps to, by actor type. */
export type Pins = Readonly<Record<string, string>>;

/**
 * What a worker must have to run a task, where not every worker of its actor type will do.
 * @throws LoomError `LOOM_EXPRESSION_FAILED` when a label comes to something that is no text
 */
export function workerNeed(
  { workers }: PlanNode,
  { actor, view }: Pick<TaskSpec, 'actor' | 'view'>,
  pins: Pins | undefined,
): ActorQuery | undefined {
  if (typeof actor !== 'string') return needOf({ capability: actor.capabilities }, workers?.version);
  const version = workers?.version ?? pins?.[actor];
  if (workers === undefined && version === undefined) return undefined;
  return needOf({ type: actor }, version);

  function needOf(who: ActorQuery, range: string | undefined): ActorQuery {
    const labels = workers?.labels.map(
      ([name, value]) => [name, labelText(name, value.evaluate(view.scope))] as const,
    );
    return { ...who, version: range, labels: labels && Object.fromEntries(labels) };
  }
}

/** `actor "ocr" in version ^2 with zone=west`. */
export function needText({ type, capability = [], version, labels = {} }: ActorQuery): string {
  const words = [capability].flat().map((word) => `"${word}"`);
  const who = type === undefined ? `an actor with capability ${words.join(', ')}` : `actor "${type}"`;
  const marks = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const range = version === undefined ? '' : ` in version ${version}`;
  return `${who}${range}${marks.length === 0 ? '' : ` with ${marks.join(', ')}`}`;
}

function labelText(label: string, value: JsonValue): string {
  if (typeof value === 'string' && value !== '') return value;
  const message = `Label "${label}" of the workers came to ${typeName(value)}; it must be text.`;
  throw new LoomError('LOOM_EXPRESSION_FAILED', message, { label });
}
