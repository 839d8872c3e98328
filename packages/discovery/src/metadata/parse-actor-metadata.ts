import { frozenCopy, isPlainObject } from '../internal/plain-data.js';
import { actorMetadataSchemaNow } from './actor-metadata-schema.js';
import type { ActorMetadata, ActorMetadataInput } from './actor-metadata.js';
import { describeProblems, invalidMetadata } from './describe-problems.js';

/**
 * Checks metadata and fills in defaults; schemas of zod become JSON Schema. Loads zod.
 * @returns plain JSON data, frozen
 * @throws LoomError `LOOM_INVALID_CONFIG`; `details.problems` lists each {@link MetadataProblem}
 */
export function parseActorMetadata(value: unknown): ActorMetadata {
  const result = actorMetadataSchemaNow().safeParse(value);
  if (result.success) return frozenCopy(result.data);
  const type = isPlainObject(value) && typeof value.type === 'string' ? value.type : undefined;
  const text = type === undefined ? 'actor metadata' : `actor ${JSON.stringify(type)}`;
  throw invalidMetadata(describeProblems(result.error.issues, value, { placeOf: () => ({ text }) }));
}

/**
 * Metadata beside the code of an actor, with the types of a literal: the same as {@link parseActorMetadata}.
 * @throws LoomError `LOOM_INVALID_CONFIG`
 */
export function defineActorMetadata(metadata: ActorMetadataInput): ActorMetadata {
  return parseActorMetadata(metadata);
}
