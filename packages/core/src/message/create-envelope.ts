import type { TellOptions } from '../actor/actor-ref.js';
import type { Clock } from '../ports/clock.js';
import type { IdSource } from '../ports/id-source.js';
import type { MessageEnvelope } from './envelope.js';

/** Fields that are not given are left out, so that an envelope is JSON as it is. */
export function createEnvelope<Body>(
  body: Body,
  to: string,
  options: TellOptions,
  { clock, ids }: { readonly clock: Clock; readonly ids: IdSource },
): MessageEnvelope<Body> {
  const id = ids.next();
  const createdAt = clock.now();
  const { correlationId = id, causationId, idempotencyKey, headers = {}, priority = 0, expiresInMs, replyTo } = options;
  return {
    id,
    to,
    body,
    correlationId,
    headers,
    priority,
    createdAt,
    ...(causationId !== undefined && { causationId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(replyTo !== undefined && { replyTo: replyTo.path }),
    ...(expiresInMs !== undefined && { expiresAt: createdAt + expiresInMs }),
  };
}
