import { LoomError } from '@certoai/loom-core';
import type {
  ClaimRequest,
  ExecutionQuery,
  ExecutionStatus,
  NewExecution,
  OutboxEntry,
  RecordEntry,
  RecordQuery,
  ReleaseRequest,
  RetentionPolicy,
  Transition,
} from '@certoai/loom-core';

/** An index beyond these is a mistake, not a fan-out. */
const smallestIndex = -(2 ** 31);
const largestIndex = 2 ** 31 - 1;

const statuses: ReadonlySet<unknown> = new Set<ExecutionStatus>([
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'timed-out',
]);

export function isFinal(status: ExecutionStatus): boolean {
  return status !== 'running' && status !== 'paused';
}

/** @throws LoomError `LOOM_INVALID_INPUT` */
export function checkNewExecution(execution: NewExecution): void {
  const {
    id,
    definition,
    input,
    state,
    createdAt,
    name,
    idempotencyKey,
    priority = 0,
    tags = [],
    wakeAt,
    holder,
  } = execution;
  checkText('id', id);
  checkText('definition.hash', definition?.hash);
  checkPayload('definition.text', definition.text);
  checkPayload('input', input);
  checkPayload('state', state);
  checkTime('createdAt', createdAt);
  if (name !== undefined) checkText('name', name);
  if (idempotencyKey !== undefined) checkText('idempotencyKey', idempotencyKey);
  if (!Number.isFinite(priority)) throw invalidInput('priority', priority, 'a number');
  if (!Array.isArray(tags)) throw invalidInput('tags', tags, 'an array of texts');
  for (const tag of tags) checkText('tags', tag);
  if (wakeAt !== null) checkTime('wakeAt', wakeAt);
  if (holder !== undefined) checkText('holder', holder);
}

/** @throws LoomError `LOOM_INVALID_INPUT` */
export function checkTransition({
  executionId,
  expectedVersion,
  status,
  state,
  records,
  messages = [],
  wakeAt,
  at,
}: Transition): void {
  checkPayload('state', state);
  if (!Number.isSafeInteger(expectedVersion))
    throw invalidInput('expectedVersion', expectedVersion, 'a whole number');
  if (!statuses.has(status)) throw invalidInput('status', status, `one of ${[...statuses].join(', ')}`);
  if (wakeAt != null) checkTime('wakeAt', wakeAt);
  checkTime('at', at);
  if (!Array.isArray(records)) throw invalidInput('records', records, 'an array');
  for (const entry of records) {
    if (entry.executionId !== executionId)
      throw invalidInput('records', entry.executionId, `of execution ${executionId}`);
    checkRecord(entry);
  }
  if (!Array.isArray(messages)) throw invalidInput('messages', messages, 'an array');
  for (const message of messages as readonly (OutboxEntry | undefined)[]) {
    if (message?.key !== undefined) checkText('messages.key', message.key);
    checkPayload('messages.content', message?.content);
  }
}

/** @throws LoomError `LOOM_INVALID_INPUT` */
export function checkRecord({
  node,
  index,
  held,
  kind,
  attempt,
  body,
  next,
  dueAt,
  crashes = 0,
  at,
}: RecordEntry): void {
  if (typeof node !== 'string' || !isStorable(node))
    throw invalidInput('node', node, 'a text without NUL characters and lone surrogates');
  checkWhole('index', index, smallestIndex, largestIndex);
  checkWhole('held', held, 1);
  checkWhole('attempt', attempt, 1);
  checkWhole('crashes', crashes, 0);
  checkPayload('body', body);
  checkTime('at', at);
  if (kind === 'completed' || kind === 'failed') return;
  if (kind !== 'pending') throw invalidInput('kind', kind, '"completed", "failed" or "pending"');
  checkWhole('next', next as number, held + 1);
  if (dueAt !== undefined) checkTime('dueAt', dueAt);
}

/** A name that every store can hold and give back unchanged. @throws LoomError `LOOM_INVALID_INPUT` */
export function checkText(what: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw invalidInput(what, value, 'a text that is not empty');
  if (!isStorable(value))
    throw invalidInput(what, value, 'a text without NUL characters and lone surrogates');
}

/** NUL ends a text for some drivers, and a lone surrogate has no UTF-8: both would come back changed. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** @throws LoomError `LOOM_INVALID_INPUT` */
function checkPayload(what: string, value: unknown): void {
  // JSON text has neither: JSON.stringify escapes both.
  if (typeof value !== 'string' || !isStorable(value)) throw invalidInput(what, undefined, 'JSON text');
}

function checkTime(what: string, value: number): void {
  if (!Number.isFinite(value)) throw invalidInput(what, value, 'milliseconds since the epoch');
}

function checkWhole(what: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw invalidInput(what, value, `a whole number from ${min} to ${max}`);
}

export interface ResolvedRecordQuery {
  readonly executionId: string;
  readonly node: string;
  readonly from: number;
  readonly limit: number;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveRecordQuery({
  executionId,
  node,
  from = 0,
  limit = 1_000,
}: RecordQuery): ResolvedRecordQuery {
  checkOption('from', from, smallestIndex, largestIndex);
  checkOption('limit', limit, 1);
  return { executionId, node, from, limit };
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkClaim({ holder, now, leaseMs, limit }: ClaimRequest): void {
  checkHolder(holder);
  if (!Number.isFinite(now)) throw invalidOption('now', now, 'give milliseconds since the epoch');
  if (!(Number.isFinite(leaseMs) && leaseMs > 0))
    throw invalidOption('leaseMs', leaseMs, 'give milliseconds, above 0');
  checkOption('limit', limit, 0);
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkHolder(holder: string): void {
  if (typeof holder === 'string' && holder !== '' && isStorable(holder)) return;
  throw invalidOption(
    'holder',
    holder,
    'give a text that is not empty, without NUL characters and lone surrogates',
  );
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkRelease({ holder, wakeAt }: ReleaseRequest): void {
  checkHolder(holder);
  if (wakeAt !== null && !Number.isFinite(wakeAt))
    throw invalidOption('wakeAt', wakeAt, 'give milliseconds since the epoch, or null for at once');
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveExecutionQuery(query: ExecutionQuery): ExecutionQuery & { readonly limit: number } {
  const { status, createdAfter, createdBefore, limit = 100 } = query;
  checkOption('limit', limit, 1, 1_000);
  checkStatuses(status);
  if (createdAfter !== undefined) checkOptionalTime('createdAfter', createdAfter);
  if (createdBefore !== undefined) checkOptionalTime('createdBefore', createdBefore);
  return { ...query, limit };
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkPolicy({ status, finishedBefore, maxBytes, limit }: RetentionPolicy): void {
  checkStatuses(status);
  if (finishedBefore !== undefined) checkOptionalTime('finishedBefore', finishedBefore);
  if (maxBytes !== undefined) checkOption('maxBytes', maxBytes, 0);
  checkOption('limit', limit, 1);
}

function checkStatuses(status: readonly ExecutionStatus[] | undefined): void {
  if (status === undefined || (Array.isArray(status) && status.every((one) => statuses.has(one)))) return;
  throw invalidOption('status', status, `give an array of ${[...statuses].join(', ')}`);
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkOption(option: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  throw invalidOption(option, value, `give a whole number, ${range}`);
}

function checkOptionalTime(option: string, value: number): void {
  if (!Number.isFinite(value))
    throw invalidOption(option, value, 'give milliseconds since the epoch, or leave it out');
}

function invalidInput(what: string, value: unknown, wanted: string): LoomError {
  const shown = typeof value === 'number' ? ` (now ${value})` : '';
  return new LoomError('LOOM_INVALID_INPUT', `"${what}"${shown} must be ${wanted}. Nothing was stored.`, {
    field: what,
  });
}

export function invalidOption(option: string, value: unknown, advice: string): LoomError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new LoomError('LOOM_INVALID_OPTION', `${option} is ${shown}; ${advice}.`, { option, value });
}
