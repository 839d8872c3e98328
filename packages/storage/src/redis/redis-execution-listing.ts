import type { ExecutionHead, ExecutionPage, ExecutionQuery, ExecutionStatus } from '@certoai/loom-core';
import { encodeCursor, parseCursor } from '../internal/execution-cursor.js';
import { resolveExecutionQuery } from '../internal/execution-input.js';
import { cursorOf, headOf, placeOf, sortableTime, tagsText } from './execution-texts.js';

const allStatuses: readonly ExecutionStatus[] = [
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'timed-out',
];
/** Executions looked at in one script at most, as nothing else is done meanwhile. */
const largestChunk = 1_001;

/** Runs the script with these arguments after what all keys begin with. */
export type ListChunk = (args: readonly (string | number)[]) => Promise<readonly string[]>;

/**
 * A page of heads, newest first. The index knows status, time and name; tags are looked for.
 * @throws LoomError `LOOM_INVALID_OPTION`
 */
export async function listExecutions(query: ExecutionQuery, list: ListChunk): Promise<ExecutionPage> {
  const {
    limit,
    cursor,
    status,
    createdAfter,
    createdBefore,
    name = '',
    tags = [],
  } = resolveExecutionQuery(query);
  const statuses = [...new Set(status ?? allStatuses)];
  if (statuses.length === 0) return { items: [] };
  // Behind every place of that time, as no place has a letter beyond f.
  const min = createdAfter === undefined ? '-' : `(${sortableTime(createdAfter)}~`;
  const starts = [
    ...(createdBefore === undefined ? [] : [sortableTime(createdBefore)]),
    ...(cursor === undefined ? [] : [placeOf(parseCursor(cursor))]),
  ];
  let max = starts.length === 0 ? '+' : `(${starts.toSorted()[0]}`;
  const found: { readonly member: string; readonly head: ExecutionHead }[] = [];
  for (let size = limit + 1; ; size = Math.min(4 * size, largestChunk)) {
    const [last, ...rest] = await list([max, min, size, name, tagsText(tags), ...statuses]);
    for (let place = 0; place < rest.length; place += 4) {
      const [member = '', head = '', origin = '', tagged = ''] = rest.slice(place, place + 4);
      found.push({ member, head: headOf(member.slice(member.indexOf('\0') + 1), head, origin, tagged) });
    }
    if (last === '' || last === undefined || found.length > limit) break;
    max = `(${last}`;
  }
  const items = found.slice(0, limit).map(({ head }) => head);
  const end = found[limit - 1];
  return found.length > limit && end ? { items, cursor: encodeCursor(cursorOf(end.member)) } : { items };
}
