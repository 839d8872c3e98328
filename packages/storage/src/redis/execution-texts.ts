import type {
  ExecutionHead,
  ExecutionStatus,
  NewExecution,
  NodeCounters,
  RecordEntry,
  StoredExecution,
  StoredRecord,
} from '@certoai/loom-core';
import type { ExecutionCursor } from '../internal/execution-cursor.js';

/*
 * Executions and records as the texts that write-scripts.ts tells of, and back.
 */

/** Time and sequence in front of a member of the index: 16 and 11 characters. */
const timeLength = 16;
const placeLength = 27;

const bits = new DataView(new ArrayBuffer(8));

/** Texts that sort as the times do: the bits of a number, of which negative ones are turned round. */
export function sortableTime(time: number): string {
  bits.setFloat64(0, time + 0);
  const value = bits.getBigInt64(0);
  bits.setBigInt64(0, value < 0n ? ~value : value ^ (-1n << 63n));
  return bits.getBigUint64(0).toString(16).padStart(timeLength, '0');
}

function timeOf(text: string): number {
  bits.setBigUint64(0, BigInt(`0x${text.slice(0, timeLength)}`));
  const value = bits.getBigInt64(0);
  bits.setBigInt64(0, value < 0n ? value ^ (-1n << 63n) : ~value);
  return bits.getFloat64(0);
}

/** The place in the index of an execution: all that is older sorts before it. */
export function placeOf({ createdAt, sequence }: ExecutionCursor): string {
  return sortableTime(createdAt) + sequence.toString(16).padStart(placeLength - timeLength, '0');
}

export function cursorOf(member: string): ExecutionCursor {
  return { createdAt: timeOf(member), sequence: Number.parseInt(member.slice(timeLength, placeLength), 16) };
}

export function wakeText(wakeAt: number | null): string {
  return wakeAt === null ? '-' : String(wakeAt);
}

/** NUL before and after each, as none contains one. */
export function tagsText(tags: readonly string[]): string {
  return tags.length === 0 ? '' : `\0${tags.join('\0')}\0`;
}

export function createArgs(execution: NewExecution, call: string): string[] {
  const { name = '', idempotencyKey = '', priority = 0, tags = [], holder = '' } = execution;
  const { id, definition, createdAt, wakeAt, input, state } = execution;
  const time = sortableTime(createdAt);
  const fixed = [time, name, definition.hash, idempotencyKey, String(priority), tagsText(tags)];
  return [id, call, holder, wakeText(wakeAt), ...fixed, String(createdAt), input, state];
}

const kinds = { c: 'completed', f: 'failed', p: 'pending' } as const;

/** Node, index, token, and the record in two parts: the script puts the counters between them. */
export function recordArgs(entry: RecordEntry, call = '-'): string[] {
  const { node, index, held, kind, attempt, body, next = held, dueAt = '-', crashes = 0, at } = entry;
  const [token, due] = kind === 'pending' ? [next, dueAt] : [held, '-'];
  const top = `${kind.charAt(0)}${token} ${attempt} ${crashes} ${at} ${due} ${call}`;
  return [node, String(index), String(held), top, body];
}

export function recordOf(index: number, text: string): StoredRecord {
  const end = text.indexOf('\n');
  const [token = '', attempt, crashes, at, due] = text.slice(0, end).split(' ');
  return {
    index,
    kind: kinds[token.charAt(0) as keyof typeof kinds],
    token: Number(token.slice(1)),
    attempt: Number(attempt),
    body: text.slice(end + 1),
    dueAt: due === '-' ? undefined : Number(due),
    crashes: Number(crashes),
    at: Number(at),
  };
}

export function headOf(id: string, head: string, origin: string, tags: string): ExecutionHead {
  const [version, status, , , wakeAt, updatedAt, finishedAt] = head.split(' ');
  const [place = '', definitionHash = '', idempotencyKey, priority] = origin.split('\0');
  return {
    id,
    version: Number(version),
    status: status as ExecutionStatus,
    name: place.slice(placeLength) || undefined,
    definitionHash,
    idempotencyKey: idempotencyKey || undefined,
    priority: Number(priority),
    tags: tags === '' ? [] : tags.slice(1, -1).split('\0'),
    createdAt: timeOf(place),
    updatedAt: Number(updatedAt),
    finishedAt: finishedAt === undefined ? undefined : Number(finishedAt),
    wakeAt: wakeAt === '-' ? null : Number(wakeAt),
  };
}

export function executionOf(id: string, reply: readonly string[]): StoredExecution {
  const [head = '', origin = '', tags = '', input = '', state = '', text = '', seat = '', ...nodes] = reply;
  const counters: [string, NodeCounters][] = [];
  for (let place = 0; place < nodes.length; place += 2) {
    const [done, failed] = (nodes[place + 1] as string).split(' ').map(Number);
    if (done) counters.push([(nodes[place] as string).slice(1), { done, failed: failed as number }]);
  }
  const found = headOf(id, head, origin, tags);
  return {
    ...found,
    definition: { hash: found.definitionHash, text },
    input,
    state,
    counters: Object.fromEntries(counters),
    seat: seat === '' ? undefined : Number(seat),
  };
}
