import type { ActorInstance } from '@certoai/loom-core';
import type { CheckedInstance } from '../internal/instance-input.js';

/** As the scripts keep it. The same for instances that are the same. */
export function instanceText({ status, slots, labels, ...rest }: CheckedInstance): string {
  const types = [...new Set(rest.actors.map(({ type }) => type))];
  const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  const json = JSON.stringify({ ...rest, labels: sorted });
  return `${status} ${slots.used} ${slots.total} ${types.join(',')} ${json}`;
}

export function instanceOf(text: string): ActorInstance {
  const [status, used, total] = text.split(' ', 3);
  return {
    ...(JSON.parse(text.slice(text.indexOf('{'))) as ActorInstance),
    status: status as ActorInstance['status'],
    slots: { used: Number(used), total: Number(total) },
  };
}
