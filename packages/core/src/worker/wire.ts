import { createHash } from 'node:crypto';
import { isObject, typeName } from '../internal/is-object.js';
import type { MessageEnvelope } from '../message/envelope.js';
import type { ErrorRecord, TaskRequest } from './task.js';
import type { JsonValue } from '../message/json.js';
import type { ActorInstance, HostedActor } from '../ports/instance-registry.js';

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

/** Name of the queue that only workers consume which host exactly this actor under exactly these labels. */
export function laneQueueName(actor: HostedActor, labels: ActorInstance['labels']): string {
  const alike = JSON.stringify([
    actor,
    Object.entries(labels ?? {})
      .map((label) => label.join('\0'))
      .sort(),
  ]);
  return `loom.lanes.${actor.type}.${createHash('sha256').update(alike).digest('base64url')}`;
}

/** Name of a temporary queue where somebody waits for replies. The path of an actor never begins like it. */
export function replyQueueName(id: string): string {
  return `loom.replies.${id}`;
}

/** `type` or `type/key`: a type has no slash, a key may. */
export function parseAddress(to: string): { readonly type: string; readonly key: string | undefined } {
  const slash = to.indexOf('/');
  return slash < 0 ? { type: to, key: undefined } : { type: to.slice(0, slash), key: to.slice(slash + 1) };
}

/** @returns the body, or the reason why it is none */
export function parseActorQueueBody(body: unknown): ActorQueueBody | string {
  if (!isRecord(body)) return 'The body is not an object.';
  const { kind, task, replyTo, envelope } = body;
  if (kind === 'task')
    return (
      missingField(task, taskFields, 'task') ??
      (isQueueName(replyTo) ? (body as unknown as ActorQueueBody) : 'replyTo is not the name of a queue.')
    );
  if (kind === 'message')
    return missingField(envelope, envelopeFields, 'envelope') ?? (body as unknown as ActorQueueBody);
  return `kind is ${JSON.stringify(kind)}; it must be "task" or "message".`;
}

export function isReplyBody(body: unknown): body is ReplyBody {
  return (
    isRecord(body) &&
    body['kind'] === 'reply' &&
    typeof body['correlationId'] === 'string' &&
    ('output' in body || isRecord(body['error']))
  );
}

// What must be there, by a value of the type that it must have.
const taskFields = {
  executionId: '',
  stage: '',
  index: 0,
  attempt: 0,
  token: 0,
  actor: '',
  idempotencyKey: '',
} satisfies Partial<TaskRequest>;
const envelopeFields = {
  id: '',
  to: '',
  correlationId: '',
  createdAt: 0,
  headers: {},
} satisfies Partial<MessageEnvelope>;

function missingField(record: unknown, fields: object, name: string): string | undefined {
  if (!isRecord(record)) return `${name} is not an object.`;
  const { timeoutMs = 1, priority = 0 } = record;
  const given: Readonly<Record<string, unknown>> = { ...record, priority };
  const wrong = Object.entries({ ...fields, priority: 0 }).find(
    ([field, sample]) => typeName(given[field]) !== typeof sample,
  );
  if (wrong) return mistake(`${name}.${wrong[0]}`, given[wrong[0]], `a ${typeof wrong[1]}`);
  const isTimeout = typeof timeoutMs === 'number' && timeoutMs >= 1;
  return isTimeout ? undefined : mistake(`${name}.timeoutMs`, timeoutMs, '1 or more');
}

function mistake(field: string, value: unknown, wanted: string): string {
  const type = typeName(value);
  const given =
    value === undefined ? 'missing' : typeof value === 'number' || value === null ? value : `a ${type}`;
  return `${field} is ${given}; it must be ${wanted}.`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !Array.isArray(value);
}

function isQueueName(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9._-]{1,200}$/.test(value);
}
