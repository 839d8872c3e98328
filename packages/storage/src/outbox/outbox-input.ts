import { randomUUID } from 'node:crypto';
import { LoomError, toJsonText } from '@certoai/loom-core';
import type { JsonValue, OutboxEntry, OutboxStep } from '@certoai/loom-core';
import { checkMessages, checkQueueName, invalid } from '../internal/message-queue-options.js';
import { checkWhole } from './outbox-options.js';

/** Of one value or body as JSON, in UTF-8. Larger things belong in a blob store, with a reference here. */
const maxBytes = 1_048_576;
const maxKeyLength = 256;
const maxWrites = 1_000;
const maxMessages = 10_000;
/** Of all texts of a commit together, as it is one command and one transaction. Characters. */
const maxCommitLength = 67_108_864;

/** At most 64 Mi characters as JSON altogether. */
export interface OutboxCommit {
  /** At most 1000, and no key twice. */
  readonly writes?: readonly OutboxWrite[] | undefined;
  /** At most 10 000. */
  readonly messages?: readonly OutboxMessage[] | undefined;
}

export interface OutboxWrite {
  /** 1 to 256 characters. */
  readonly key: string;
  /** At most 1 MiB as JSON. */
  readonly value: JsonValue;
  /** Written only if this is the version there is; 0: only if there is none. @default any */
  readonly ifVersion?: number | undefined;
}

export interface OutboxMessage {
  readonly queue: string;
  /** At most 1 MiB as JSON. */
  readonly body: JsonValue;
  /** Messages of one key go out in the order of their commits; 1 to 256 characters. @default none: in any order */
  readonly key?: string | undefined;
  /** As in {@link OutgoingMessage}. @default one of its own, so that nothing is stored twice */
  readonly dedupeId?: string | undefined;
  /** From the commit on; milliseconds, 0 or more. @default 0 */
  readonly delayMs?: number | undefined;
  /** Whole number 0 to 100; higher first. @default 0 */
  readonly priority?: number | undefined;
}

/** @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_NOT_SERIALISABLE`, `LOOM_PAYLOAD_TOO_LARGE` */
export function checkCommit(commit: OutboxCommit): OutboxStep {
  if (typeof commit !== 'object' || commit === null)
    throw invalid('commit', commit, 'give writes and messages');
  const { writes = [], messages = [] } = commit;
  checkList('writes', writes, maxWrites);
  checkList('messages', messages, maxMessages);
  const keys = new Set<string>();
  const checked = writes.map(({ key, value, ifVersion }) => {
    checkKey('key of a write', key);
    if (keys.has(key)) throw invalid('key of a write', key, 'write each key once in a commit');
    keys.add(key);
    if (ifVersion !== undefined) checkWhole(`ifVersion of "${key}"`, ifVersion, 0, Number.MAX_SAFE_INTEGER);
    if (value === undefined) throw invalid(`value of "${key}"`, value, 'give JSON, null for none');
    return { key, ifVersion, value: toJsonText(value, { what: `value of "${key}"`, maxBytes }) };
  });
  const entries = messages.map(entryOf);
  const length = [...checked.map(({ value }) => value), ...entries.map(({ content }) => content)].reduce(
    (sum, text) => sum + text.length,
    0,
  );
  if (length <= maxCommitLength) return { writes: checked, messages: entries };
  const message = `The commit has ${length} characters as JSON; the limit is ${maxCommitLength}. Commit less at once, or pass references.`;
  throw new LoomError('LOOM_PAYLOAD_TOO_LARGE', message, { length, maxLength: maxCommitLength });
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkKey(name: string, key: string): void {
  if (typeof key === 'string' && key.length >= 1 && key.length <= maxKeyLength) return;
  throw invalid(
    name,
    typeof key === 'string' ? key : typeof key,
    `give text of 1 to ${maxKeyLength} characters`,
  );
}

function entryOf({
  queue,
  body,
  key,
  dedupeId = randomUUID(),
  delayMs,
  priority,
}: OutboxMessage): OutboxEntry {
  checkQueueName(queue);
  if (key !== undefined) checkKey('key of a message', key);
  const text = toJsonText(body, { what: 'body of the message', maxBytes });
  checkMessages([{ body: null, dedupeId, delayMs, priority }]);
  const rest = JSON.stringify({ queue, dedupeId, delayMs, priority });
  return { key, content: `${rest.slice(0, -1)},"body":${text}}` };
}

function checkList(name: string, list: readonly unknown[], max: number): void {
  if (!Array.isArray(list)) throw invalid(name, list, 'give an array');
  if (list.length > max) throw invalid(`number of ${name}`, list.length, `give at most ${max} in one commit`);
  for (const item of list)
    if (typeof item !== 'object' || item === null) throw invalid(name, item, 'each is an object');
}
