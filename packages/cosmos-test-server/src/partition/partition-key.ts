import { badRequest, substatus } from '../protocol-error.js';
import { valueAt } from '../store/document.js';
import type { Document } from '../store/document.js';

/** One level of a partition key; `undefined` where the item has no such property, written `{}` on the wire. */
export type KeyComponent = string | number | boolean | null | undefined;
export type PartitionKey = readonly KeyComponent[];

export interface PartitionKeyDefinition {
  /** Such as `/tenant`; 1, or up to 3 of a `MultiHash` key. */
  readonly paths: readonly string[];
  readonly kind: 'Hash' | 'MultiHash';
  readonly version: 2;
}

/** Equal for equal keys, and no others. */
export function keyText(key: PartitionKey): string {
  return JSON.stringify(key.map((component) => (component === undefined ? {} : component)));
}

export function partitionKeyOf(document: Document, { paths }: PartitionKeyDefinition): PartitionKey {
  return paths.map((path) => {
    const value = valueAt(document, path);
    return typeof value === 'object' && value !== null ? undefined : (value as KeyComponent);
  });
}

/** Whether `key` begins with all of `prefix`. */
export function startsWith(key: PartitionKey, prefix: PartitionKey): boolean {
  return prefix.every((component, level) => component === key[level]);
}

/**
 * @param text - of the header `x-ms-documentdb-partitionkey`
 * @param partial - whether a prefix of a hierarchical key will do
 * @throws ProtocolError 400
 */
export function parsePartitionKey(
  text: string,
  { paths }: PartitionKeyDefinition,
  partial: boolean,
): PartitionKey {
  const components = parseArray(text);
  if (components.length > paths.length || (!partial && components.length < paths.length)) {
    throw badRequest(
      `The partition key supplied in x-ms-partitionkey header has ${components.length} components; the collection defines ${paths.length}.`,
      substatus.partitionKeyMismatch,
    );
  }
  return components.map((value) => {
    if (value === null || typeof value !== 'object') return value as KeyComponent;
    if (!Array.isArray(value) && Object.keys(value).length === 0) return undefined;
    throw badRequest(`Partition key ${text} is invalid.`);
  });
}

function parseArray(text: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed)) return parsed;
  } catch {
    // Answered below, like any other text that is not an array.
  }
  throw badRequest(`Partition key ${text} is invalid.`);
}
