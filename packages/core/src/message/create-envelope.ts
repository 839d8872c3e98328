import type { TellOptions } from '../actor/actor-ref.js';
import { wholeNumber } from '../internal/numeric-option.js';
import type { Clock } from '../ports/clock.js';
import type { IdSource } from '../ports/id-source.js';
import type { MessageEnvelope } from './envelope.js';

/**
 * Fields that are not given are left out, so that an envelope is JSON as it is.
 * @throws LoomError `LOOM_INVALID_OPTION`
 */
export function createEnvelope<Body>(
  body: Body,
  to: string,
  options: TellOptions,
  { clock, ids }: { readonly clock: Clock; readonly ids: IdSource },
): MessageEnvelope<Body> {
  const id = ids.next();
  const createdAt = clock.now();
  const { correlationId = id, causationId, idempotencyKey, headers = {}, replyTo } = options;
  const priority = wholeNumber('priority', options.priority, 0, 0, 100);
  const expiresInMs = wholeNumber('expiresInMs', options.expiresInMs, undefined, 1);
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
