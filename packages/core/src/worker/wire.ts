import type { MessageEnvelope } from '../message/envelope.js';
import type { ErrorRecord, TaskRequest } from './task.js';
import type { JsonValue } from '../message/json.js';

/** What a queue of actors carries: a task of an orchestrator, or a message. */
export type ActorQueueBody =
  | {
      readonly kind: 'task';
      readonly task: TaskRequest;
      /** Queue for the `TaskReport`. */ readonly replyTo: string;
    }
  | { readonly kind: 'message'; readonly envelope: MessageEnvelope<JsonValue> };

/** What a reply queue carries: the end of an ask. */
export interface ReplyBody {
  readonly kind: 'reply';
  /** Id of the envelope that is answered. */
  readonly correlationId: string;
  readonly output?: JsonValue;
  readonly error?: ErrorRecord;
}

/** Name of the queue that workers of `type` consume. */
export function actorQueueName(type: string): string {
  return `loom.actors.${type}`;
}

/** `type` or `type/key`: a type has no slash, a key may. */
export function parseAddress(to: string): { readonly type: string; readonly key: string | undefined } {
  const slash = to.indexOf('/');
  return slash < 0 ? { type: to, key: undefined } : { type: to.slice(0, slash), key: to.slice(slash + 1) };
}

/** @returns the body, or the reason why it is none */
export function parseActorQueueBody(body: unknown): ActorQueueBody | string {
  if (!isObject(body)) return 'The body is not an object.';
  const { kind, task, replyTo, envelope } = body;
  if (kind === 'task') {
    const missing =
      missingField(task, taskFields, 'task') ??
      (isQueueName(replyTo) ? undefined : 'replyTo is not the name of a queue.');
    return missing ?? (body as unknown as ActorQueueBody);
  }
  if (kind === 'message')
    return missingField(envelope, envelopeFields, 'envelope') ?? (body as unknown as ActorQueueBody);
  return `kind is ${JSON.stringify(kind)}; it must be "task" or "message".`;
}

export function isReplyBody(body: unknown): body is ReplyBody {
  return (
    isObject(body) &&
    body['kind'] === 'reply' &&
    isText(body['correlationId']) &&
    ('output' in body || isObject(body['error']))
  );
}

type FieldTypes = Readonly<Record<string, 'string' | 'number' | 'object'>>;

const taskFields: FieldTypes = {
  executionId: 'string',
  stage: 'string',
  index: 'number',
  attempt: 'number',
  token: 'number',
  actor: 'string',
  idempotencyKey: 'string',
};
const envelopeFields: FieldTypes = {
  id: 'string',
  to: 'string',
  correlationId: 'string',
  createdAt: 'number',
  headers: 'object',
};

function missingField(record: unknown, fields: FieldTypes, name: string): string | undefined {
  if (!isObject(record)) return `${name} is not an object.`;
  const wrong = Object.entries(fields).find(
    ([field, type]) => typeof record[field] !== type || record[field] === null,
  );
  if (wrong) return `${name}.${wrong[0]} is ${describeType(record[wrong[0]])}; it must be a ${wrong[1]}.`;
  const { timeoutMs, priority } = record;
  if (priority !== undefined && typeof priority !== 'number')
    return `${name}.priority is ${describeType(priority)}; it must be a number.`;
  const isTimeout = timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs >= 1);
  return isTimeout ? undefined : `${name}.timeoutMs is ${describeType(timeoutMs)}; it must be 1 or more.`;
}

function describeType(value: unknown): string {
  return value === undefined
    ? 'missing'
    : value === null
      ? 'null'
      : typeof value === 'number'
        ? String(value)
        : `a ${typeof value}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isQueueName(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9._-]{1,200}$/.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
