import { createHash } from 'node:crypto';
import type { ActorLimit, JsonValue, MessageGroup } from '@certoai/loom-core';
import type { TaskSpec } from '../modes/mode.js';
import type { LiveNode } from './live-node.js';

/** Characters that every queue takes. */
const maxKeyLength = 256;

/** The group that a task belongs to by its stage's `limit`. @throws LoomError when its key cannot be evaluated */
export function taskGroup({ node }: LiveNode, { view }: TaskSpec): MessageGroup | undefined {
  if (node.limit === undefined) return undefined;
  const { key, concurrency, rate } = node.limit;
  return { key: key === undefined ? '*' : groupKey(key.evaluate(view.scope)), concurrency, rate };
}

/** The group that a task belongs to by the registration of its actor. @throws whatever `key` throws */
export function registeredGroup({ key, concurrency, rate }: ActorLimit, input: JsonValue): MessageGroup {
  return { key: key === undefined ? '*' : groupKey(key(input)), concurrency, rate };
}

/** What is no text is told apart by its JSON. */
function groupKey(value: unknown): string {
  const text = typeof value === 'string' && value !== '' ? value : JSON.stringify(value ?? null);
  return text.length <= maxKeyLength ? text : `${text.slice(0, maxKeyLength - 65)} ${sha256(text)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
