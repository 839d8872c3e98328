import { keyText, partitionKeyOf } from '../partition/partition-key.js';
import type { PartitionKey } from '../partition/partition-key.js';
import { badRequest, conflict, notFound, preconditionFailed, substatus } from '../protocol-error.js';
import { holds } from '../query/condition.js';
import { charges } from './charge.js';
import type { Container, LiveVersion } from './container.js';
import { byteLength, systemProperties } from './document.js';
import type { Document } from './document.js';
import { newEtag } from './etag.js';
import { checkItem } from './item-rules.js';
import { applyPatch } from './patch.js';
import type { Patch } from './patch.js';
import type { ReplicaView } from './replica-view.js';
import type { Transaction } from './transaction.js';

/** `ifMatch`: only if this is its `_etag`; `*` for any. */
export type ItemWrite =
  | { readonly kind: 'create'; readonly document: Document }
  | { readonly kind: 'upsert'; readonly document: Document; readonly ifMatch: string | undefined }
  | {
      readonly kind: 'replace';
      readonly id: string;
      readonly document: Document;
      readonly ifMatch: string | undefined;
    }
  | {
      readonly kind: 'patch';
      readonly id: string;
      readonly patch: Patch;
      readonly ifMatch: string | undefined;
    }
  | { readonly kind: 'delete'; readonly id: string; readonly ifMatch: string | undefined };

export interface ItemOutcome {
  readonly status: number;
  readonly charge: number;
  readonly document?: Document;
  readonly etag?: string;
}

/** @throws ProtocolError 404 */
export function readItem(
  container: Container,
  key: PartitionKey,
  id: string,
  ifNoneMatch: string | undefined,
  view: ReplicaView,
): ItemOutcome {
  const { document } = container.find(key, id, view) ?? absent();
  const etag = document['_etag'] as string;
  if (ifNoneMatch === etag) return { status: 304, charge: charges.minimum, etag };
  return { status: 200, charge: charges.read(byteLength(document)), etag, document };
}

/** @throws ProtocolError 400, 404, 409, 412, 413; then nothing was written */
export function writeItem(
  container: Container,
  key: PartitionKey,
  write: ItemWrite,
  transaction: Transaction,
): ItemOutcome {
  const find = (id: string): LiveVersion | undefined => container.find(key, id, container.primary());
  const put = (document: Document, sequence: number): ItemOutcome & { readonly document: Document } => {
    const stamped = stamp(container, document, sequence);
    container.put(key, stamped['id'] as string, sequence, stamped, transaction);
    return { status: 200, charge: 0, document: stamped, etag: stamped['_etag'] as string };
  };
  switch (write.kind) {
    case 'create': {
      if (find(checkItem(container, key, write.document))) throw conflict();
      const created = put(write.document, container.nextSequence());
      return { ...created, status: 201, charge: charges.create(byteLength(created.document)) };
    }
    case 'upsert': {
      const old = find(checkItem(container, key, write.document));
      // As on the service, a condition says nothing about an item that is not there: it is created.
      if (old) checkMatch(old, write.ifMatch);
      const stored = put(write.document, old?.sequence ?? container.nextSequence());
      const size = byteLength(stored.document);
      if (old) return { ...stored, status: 200, charge: charges.change(size) };
      return { ...stored, status: 201, charge: charges.create(size) };
    }
    case 'replace': {
      const old = checkMatch(find(write.id) ?? absent(), write.ifMatch);
      const id = checkItem(container, key, write.document, write.id);
      if (id !== write.id) {
        if (find(id)) throw conflict();
        container.put(key, write.id, old.sequence, undefined, transaction);
      }
      const replaced = put(write.document, old.sequence);
      return { ...replaced, charge: charges.change(byteLength(replaced.document)) };
    }
    case 'patch': {
      const old = checkMatch(find(write.id) ?? absent(), write.ifMatch);
      const { condition } = write.patch;
      if (condition !== undefined && !holds(condition, old.document, container.now()))
        throw preconditionFailed(substatus.patchConditionFailed);
      const patched = applyPatch(old.document, write.patch);
      const itsKey = partitionKeyOf(patched, container.definition.partitionKey);
      if (patched['id'] !== write.id || keyText(itsKey) !== keyText(key))
        throw badRequest('A patch may not change the id or the partition key.');
      checkItem(container, key, patched);
      const stored = put(patched, old.sequence);
      return { ...stored, charge: charges.change(byteLength(stored.document)) };
    }
    case 'delete': {
      const old = checkMatch(find(write.id) ?? absent(), write.ifMatch);
      container.put(key, write.id, old.sequence, undefined, transaction);
      return { status: 204, charge: charges.remove(byteLength(old.document)) };
    }
  }
}

function absent(): never {
  throw notFound();
}

function checkMatch(old: LiveVersion, ifMatch: string | undefined): LiveVersion {
  if (ifMatch === undefined || ifMatch === '*' || ifMatch === old.document['_etag']) return old;
  throw preconditionFailed();
}

/** The document as it is stored: what the client sent, and what the service says about it. */
function stamp(container: Container, document: Document, sequence: number): Document {
  const rid = container.childRid(sequence);
  const own = Object.entries(document).filter(([name]) => !systemProperties.includes(name));
  return {
    ...Object.fromEntries(own),
    _rid: rid,
    _self: `${container.self}docs/${rid}/`,
    _etag: newEtag(),
    _attachments: 'attachments/',
    _ts: Math.floor(container.now() / 1000),
  };
}
