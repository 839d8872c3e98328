import { badRequest, notImplemented } from '../protocol-error.js';
import { isObject } from '../store/document.js';
import type { Document } from '../store/document.js';
import { readItem, writeItem } from '../store/item-operation.js';
import type { ItemOutcome, ItemWrite } from '../store/item-operation.js';
import { parsePatch } from '../store/patch.js';
import { Transaction } from '../store/transaction.js';
import type { ContainerRequest } from './container-request.js';
import type { Reply } from './reply.js';

export function readItemReply(request: ContainerRequest): Reply {
  const key = request.key();
  const range = request.container.rangeOf(key);
  return request.answer([range], () =>
    replyOf(
      readItem(
        request.container,
        key,
        request.operation.item,
        request.http.header('if-none-match'),
        request.view([range]),
      ),
    ),
  );
}

export function writeItemReply(request: ContainerRequest): Reply {
  const key = request.key();
  const range = request.container.rangeOf(key);
  const write = parseWrite(request);
  return request.answer([range], () =>
    replyOf(Transaction.run(range, (one) => writeItem(request.container, key, write, one))),
  );
}

/** @throws ProtocolError 400 */
export function parseDocument(body: unknown): Document {
  if (isObject(body)) return body;
  throw badRequest('The input content is invalid because it is not a JSON object.');
}

function parseWrite({ http, operation }: ContainerRequest): ItemWrite {
  if (http.header('if-none-match') !== undefined) throw notImplemented('If-None-Match on a write');
  const { kind, item: id } = operation;
  const ifMatch = http.header('if-match');
  switch (kind) {
    case 'create-item':
      if (ifMatch !== undefined) throw notImplemented('If-Match on a creation');
      return { kind: 'create', document: parseDocument(http.json()) };
    case 'upsert-item':
      return { kind: 'upsert', document: parseDocument(http.json()), ifMatch };
    case 'replace-item':
      return { kind: 'replace', id, document: parseDocument(http.json()), ifMatch };
    case 'patch-item':
      return { kind: 'patch', id, patch: parsePatch(http.json()), ifMatch };
    case 'delete-item':
      return { kind: 'delete', id, ifMatch };
    default:
      throw notImplemented(`"${kind}" as a write`);
  }
}

function replyOf({ status, charge, document, etag }: ItemOutcome): Reply {
  return { status, charge, body: document, ...(etag !== undefined && { headers: { etag } }) };
}
