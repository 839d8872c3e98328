import { createHash } from 'node:crypto';
import type { JsonValue } from '@certoai/loom-core';

const mark = '$loom.blob';
const beginning = `{"${mark}":`;

/** What stands in the place of a payload that is stored as a blob. */
export type BlobReference = {
  readonly [mark]: string;
  /** Of the payload as UTF-8. */
  readonly bytes: number;
};

export function referenceTo(key: string, text: string): BlobReference {
  return { [mark]: key, bytes: Buffer.byteLength(text) };
}

/** The key, where a message's body is a reference. */
export function keyIn(body: JsonValue): string | undefined {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, mark)) return undefined;
  return (body as BlobReference)[mark];
}

/** The key, where `text` is a reference. */
export function keyInText(text: string): string | undefined {
  return text.startsWith(beginning) ? keyIn(JSON.parse(text) as JsonValue) : undefined;
}

/**
 * Whether a payload goes into a blob: it is too large, or could be taken for a reference. So what is found where
 * a payload is expected is either the payload or a reference of ours, whatever users send.
 * @param text - JSON text
 */
export function needsBlob(text: string, thresholdBytes: number): boolean {
  // A unit of UTF-16 is at most three bytes of UTF-8: only texts near the limit are counted.
  if (text.length * 3 > thresholdBytes && Buffer.byteLength(text) > thresholdBytes) return true;
  return text.startsWith('{') && text.includes(`"${mark}"`);
}

/** Short, the same for the same texts, and fit for a key. */
export function digestOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('base64url');
}
