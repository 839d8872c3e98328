import { LoomError, toJsonText } from '@certoai/loom-core';
import type {
  ConsumeOptions,
  DeadLetterListOptions,
  DeadLetterSelection,
  DeliveryHandler,
  MessageGroup,
  OutgoingMessage,
} from '@certoai/loom-core';
import { limitsText } from './group-limits.js';
import type { StoredGroup } from './group-limits.js';

/** How long a sent message's `dedupeId` is known at least; the port promises an hour. */
export const dedupeWindowMs = 3_600_000;
/** Reaches every time a `Date` can hold. */
const maxDelayMs = 8_640_000_000_000_000;
const maxDedupeIdLength = 1_000;
const maxGroupKeyLength = 256;
/** Larger things belong in a blob store, with a reference in the message. */
export const maxBodyBytes = 67_108_864;

/** A message that passed every check: its body is JSON text that nobody else holds. */
export interface CheckedMessage {
  readonly body: string;
  readonly delayMs: number;
  readonly priority: number;
  readonly dedupeId: string | undefined;
  readonly group: StoredGroup | undefined;
}

export interface ResolvedConsumeOptions {
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly maxDeliveries: number;
  readonly retryDelayMs: number;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkQueueName(queue: string): void {
  if (typeof queue === 'string' && /^[A-Za-z0-9._-]{1,200}$/.test(queue)) return;
  throw invalid('queue', queue, 'give a name of 1 to 200 letters, digits, ".", "_" and "-"');
}

/** @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_NOT_SERIALISABLE`, `LOOM_PAYLOAD_TOO_LARGE`; always before anything is stored */
export function checkMessages(messages: readonly OutgoingMessage[]): readonly CheckedMessage[] {
  if (!Array.isArray(messages)) throw invalid('messages', messages, 'give an array');
  return messages.map(checkMessage);
}

function checkMessage(message: OutgoingMessage): CheckedMessage {
  if (typeof message !== 'object' || message === null)
    throw invalid('messages', message, 'each is an object with a body');
  const { body, delayMs = 0, priority = 0, dedupeId, group } = message;
  checkDelay('delayMs', delayMs);
  checkWhole('priority', priority, 0, 100);
  if (dedupeId !== undefined && !isText(dedupeId, maxDedupeIdLength)) {
    throw invalid(
      'dedupeId',
      typeof dedupeId,
      `give text of 1 to ${maxDedupeIdLength} characters, or leave it out`,
    );
  }
  const text = toJsonText(body, { what: 'body of the message', maxBytes: maxBodyBytes });
  return {
    body: text,
    delayMs: Math.ceil(delayMs),
    priority,
    dedupeId,
    group: group === undefined ? undefined : checkGroup(group),
  };
}

function checkGroup(group: MessageGroup): StoredGroup {
  if (typeof group !== 'object' || group === null) throw invalid('group', group, 'give an object with a key');
  const { key, concurrency, rate } = group;
  checkGroupKey(key);
  if (concurrency !== undefined)
    checkWhole('concurrency of the group', concurrency, 1, Number.MAX_SAFE_INTEGER);
  if (rate === undefined) return { key, limits: limitsText({ concurrency }) };
  if (typeof rate !== 'object' || rate === null)
    throw invalid('rate of the group', rate, 'give a limit and perMs');
  const { limit, perMs } = rate;
  checkWhole('limit of the rate', limit, 1, Number.MAX_SAFE_INTEGER);
  const isTime = Number.isFinite(perMs) && perMs >= 1 && perMs <= maxDelayMs;
  if (!isTime) throw invalid('perMs of the rate', perMs, 'give milliseconds, 1 or more');
  return { key, limits: limitsText({ concurrency, limit, perMs: Math.ceil(perMs) }) };
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkGroupKey(key: string): void {
  if (isText(key, maxGroupKeyLength)) return;
  throw invalid('key of the group', typeof key, `give text of 1 to ${maxGroupKeyLength} characters`);
}

function isText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.length >= 1 && value.length <= maxLength;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveConsumeOptions(
  handler: DeliveryHandler,
  options: ConsumeOptions = {},
): ResolvedConsumeOptions {
  if (typeof handler !== 'function') throw invalid('handler', typeof handler, 'give a function');
  const { concurrency = 1, leaseMs = 5_000, maxDeliveries = 5, retryDelayMs = 1_000 } = options;
  checkWhole('concurrency', concurrency, 1, 10_000);
  checkLease(leaseMs);
  checkWhole('maxDeliveries', maxDeliveries, 1, Number.MAX_SAFE_INTEGER);
  checkDelay('retryDelayMs', retryDelayMs);
  return { concurrency, leaseMs, maxDeliveries, retryDelayMs: Math.ceil(retryDelayMs) };
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkLease(leaseMs: number): void {
  if (Number.isFinite(leaseMs) && leaseMs >= 100 && leaseMs <= 43_200_000) return;
  throw invalid('leaseMs', leaseMs, 'give milliseconds, 100 to 43200000 (12 hours)');
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkDelay(name: string, delayMs: number): void {
  if (Number.isFinite(delayMs) && delayMs >= 0 && delayMs <= maxDelayMs) return;
  throw invalid(name, delayMs, 'give milliseconds, 0 or more');
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkIds(ids: readonly string[]): void {
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return;
  throw invalid('ids', ids, 'give an array of message ids');
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkSelection({ ids, fingerprint }: DeadLetterSelection): void {
  if (ids !== undefined) checkIds(ids);
  if (fingerprint !== undefined && typeof fingerprint !== 'string') {
    throw invalid('fingerprint', fingerprint, 'give the fingerprint of a dead letter');
  }
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveListOptions(
  options: DeadLetterListOptions = {},
): DeadLetterListOptions & { readonly limit: number } {
  const { limit = 100, cursor } = options;
  checkSelection(options);
  checkWhole('limit', limit, 1, 1_000);
  if (cursor !== undefined && typeof cursor !== 'string') throw invalidCursor(cursor);
  return { ...options, limit };
}

/** @returns milliseconds between two dead letters that are put back; 0 when all go at once
 *  @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveRedriveInterval(perSecond: number | undefined): number {
  if (perSecond === undefined) return 0;
  if (Number.isFinite(perSecond) && perSecond > 0) return 1_000 / perSecond;
  throw invalid('perSecond', perSecond, 'give a number above 0, or leave it out to put all back at once');
}

export function invalidCursor(cursor: unknown): LoomError {
  return invalid('cursor', cursor, 'give the cursor of the previous page');
}

export function closedError(): LoomError {
  return new LoomError('LOOM_CLOSED', 'The message queue is closed. Open a new one to go on.');
}

function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  throw invalid(name, value, `give a whole number, ${range}`);
}

/** Numbers and names are shown; anything else may be a payload. */
export function invalid(option: string, value: unknown, advice: string): LoomError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 250)) : String(value);
  const text =
    typeof value === 'string' || typeof value === 'number' || value == null
      ? shown
      : `of type ${typeof value}`;
  return new LoomError('LOOM_INVALID_OPTION', `${option} is ${text}; ${advice}.`, { option, value: text });
}
