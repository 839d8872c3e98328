import { randomUUID } from 'node:crypto';

/** A value of `_etag` that nothing ever had: quotes belong to it. */
export function newEtag(): string {
  return `"${randomUUID()}"`;
}
