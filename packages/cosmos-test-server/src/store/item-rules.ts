import { partitionKeyOf, keyText } from '../partition/partition-key.js';
import type { PartitionKey } from '../partition/partition-key.js';
import { ProtocolError, badRequest, substatus, tooLarge } from '../protocol-error.js';
import type { Container } from './container.js';
import { isTimeToLive } from './container-definition.js';
import { byteLength, valueAt } from './document.js';
import type { Document } from './document.js';

/** Bytes. https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits */
export const maxItemBytes = 2 * 1024 * 1024;
const maxIdBytes = 1023;
const maxKeyBytes = 2048;

/**
 * What must hold for an item to be written.
 * @param replaced - id of the item that it takes the place of
 * @returns its id
 * @throws ProtocolError 400, 409, 413
 */
export function checkItem(
  container: Container,
  key: PartitionKey,
  document: Document,
  replaced?: string,
): string {
  const id = checkId(document['id']);
  if (byteLength(document) > maxItemBytes) throw tooLarge();
  if (keyText(partitionKeyOf(document, container.definition.partitionKey)) !== keyText(key)) {
    throw badRequest(
      "PartitionKey extracted from document doesn't match the one specified in the header.",
      substatus.partitionKeyMismatch,
    );
  }
  if (key.some((part) => typeof part === 'string' && Buffer.byteLength(part) > maxKeyBytes))
    throw badRequest(`A partition key value may have ${maxKeyBytes} bytes.`);
  const { ttl } = document;
  if (ttl !== undefined && ttl !== null && !isTimeToLive(ttl))
    throw badRequest("The 'ttl' value must be a positive integer or -1.");
  checkUniqueKeys(container, key, document, replaced ?? id);
  return id;
}

function checkId(id: unknown): string {
  if (typeof id !== 'string' || id === '')
    throw badRequest("The input content is invalid because the required properties - 'id; ' - are missing.");
  if (Buffer.byteLength(id) > maxIdBytes || /[/\\]/.test(id))
    throw badRequest(
      `The input name is invalid. Ensure it contains no / or \\ and is at most ${maxIdBytes} bytes.`,
    );
  return id;
}

function checkUniqueKeys(container: Container, key: PartitionKey, document: Document, own: string): void {
  const uniqueKeys = container.definition.uniqueKeyPolicy?.uniqueKeys ?? [];
  if (uniqueKeys.length === 0) return;
  const others = container.list({ key }, container.primary()).filter((other) => other.document['id'] !== own);
  for (const { paths } of uniqueKeys) {
    const mine = uniqueValue(document, paths);
    if (others.some((other) => uniqueValue(other.document, paths) === mine))
      throw new ProtocolError(409, 'Unique index constraint violation.');
  }
}

function uniqueValue(document: Document, paths: readonly string[]): string {
  return JSON.stringify(paths.map((path) => valueAt(document, path) ?? null));
}
