import type { KeyRange } from '../partition/key-range.js';
import { parsePartitionKey } from '../partition/partition-key.js';
import type { PartitionKey } from '../partition/partition-key.js';
import { ProtocolError, badRequest, notImplemented, rangeGone, tooLarge } from '../protocol-error.js';
import { charges } from '../store/charge.js';
import type { Container } from '../store/container.js';
import { isObject } from '../store/document.js';
import type { Document } from '../store/document.js';
import { readItem, writeItem } from '../store/item-operation.js';
import type { ItemOutcome, ItemWrite } from '../store/item-operation.js';
import { maxItemBytes } from '../store/item-rules.js';
import { parsePatch } from '../store/patch.js';
import { Transaction } from '../store/transaction.js';
import type { ContainerRequest } from './container-request.js';
import { parseDocument } from './item-answers.js';
import type { Reply } from './reply.js';

const maxOperations = 100;

/** All of it or nothing. https://learn.microsoft.com/azure/cosmos-db/transactional-batch */
export function batchReply(request: ContainerRequest): Reply {
  const { container } = request;
  const key = request.key();
  const range = container.rangeOf(key);
  const operations = parseOperations(request);
  return request.answer([range], () =>
    Transaction.run(range, (transaction) => {
      const results: OperationResult[] = [];
      for (const operation of operations) {
        const result = resultOf(request, () => perform(container, key, operation, transaction));
        results.push(result);
        if (result.statusCode < 400) continue;
        transaction.rollBack();
        return replyOf(operations.map((_, i) => (i === results.length - 1 ? result : failedDependency)));
      }
      return replyOf(results);
    }),
  );
}

/** One after the other, each for itself. The client sends to each range what belongs there. */
export function bulkReply(request: ContainerRequest): Reply {
  const { container } = request;
  const range = request.range();
  if (range === undefined) throw badRequest('A bulk request needs the id of a partition key range.');
  const operations = parseOperations(request);
  const goesOn = request.http.flag('x-ms-cosmos-batch-continue-on-error');
  // Each operation is charged for itself: what the budget has no room for is refused alone.
  return request.describe([range], () => {
    const results: OperationResult[] = [];
    for (const operation of operations) {
      const isOver = !goesOn && results.some(({ statusCode }) => statusCode >= 400);
      const work = (): ItemOutcome => performAlone(container, range, operation);
      results.push(isOver ? failedDependency : resultOf(request, work));
    }
    return replyOf(results);
  });
}

/** One operation of a bulk request: within the budget, and with a transaction of its own. */
function performAlone(container: Container, range: KeyRange, operation: Document): ItemOutcome {
  const key = keyOf(container, operation);
  if (container.rangeOf(key) !== range) throw rangeGone();
  return container.budget.spend([range], container.ranges.length, () =>
    Transaction.run(range, (transaction) => perform(container, key, operation, transaction)),
  );
}

interface OperationResult {
  readonly statusCode: number;
  readonly subStatusCode?: number;
  readonly requestCharge: number;
  readonly eTag?: string;
  readonly resourceBody?: Document;
  readonly retryAfterMilliseconds?: number;
}

const failedDependency: OperationResult = { statusCode: 424, subStatusCode: 0, requestCharge: 0 };

function parseOperations({ http }: ContainerRequest): readonly Document[] {
  if (http.body.length > maxItemBytes) throw tooLarge();
  const body = http.json();
  if (!Array.isArray(body) || body.length === 0 || !body.every(isObject))
    throw badRequest('The batch request did not have any operations to be executed.');
  if (body.length > maxOperations)
    throw badRequest(`Batch request has more operations than the ${maxOperations} that are supported.`);
  return body;
}

function perform(
  container: Container,
  key: PartitionKey,
  operation: Document,
  transaction: Transaction,
): ItemOutcome {
  const { operationType, id, ifMatch, ifNoneMatch } = operation;
  if (ifNoneMatch !== undefined) throw notImplemented('ifNoneMatch in a batch');
  if (operationType !== 'Read')
    return writeItem(container, key, parseWrite(operation, ifMatch as string | undefined), transaction);
  return readItem(container, key, textOf(id), undefined, container.primary());
}

function parseWrite(operation: Document, ifMatch: string | undefined): ItemWrite {
  const { operationType, id, resourceBody } = operation;
  switch (operationType) {
    case 'Create':
      return { kind: 'create', document: parseDocument(resourceBody) };
    case 'Upsert':
      return { kind: 'upsert', document: parseDocument(resourceBody), ifMatch };
    case 'Replace':
      return { kind: 'replace', id: textOf(id), document: parseDocument(resourceBody), ifMatch };
    case 'Patch':
      return { kind: 'patch', id: textOf(id), patch: parsePatch(resourceBody), ifMatch };
    case 'Delete':
      return { kind: 'delete', id: textOf(id), ifMatch };
    default:
      throw notImplemented(`the batch operation "${String(operationType)}"`);
  }
}

function textOf(id: unknown): string {
  if (typeof id === 'string') return id;
  throw badRequest('A batch operation on an existing item needs its id.');
}

function keyOf({ definition }: Container, { partitionKey }: Document): PartitionKey {
  if (typeof partitionKey === 'string')
    return parsePartitionKey(partitionKey, definition.partitionKey, false);
  throw badRequest('A bulk operation needs its partition key.');
}

/** What becomes of one operation; not of what this server does not implement, which fails the request. */
function resultOf({ http }: ContainerRequest, work: () => ItemOutcome): OperationResult {
  try {
    const { status, charge, etag, document } = work();
    const isMinimal = http.header('prefer') === 'return=minimal';
    return {
      statusCode: status,
      requestCharge: charge,
      ...(etag !== undefined && { eTag: etag }),
      ...(document && !isMinimal && { resourceBody: document }),
    };
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.status === 501) throw error;
    const retryAfter = error.headers['x-ms-retry-after-ms'];
    return {
      statusCode: error.status,
      subStatusCode: error.substatus ?? 0,
      requestCharge: charges.minimum,
      ...(retryAfter !== undefined && { retryAfterMilliseconds: Number(retryAfter) }),
    };
  }
}

/** 207 once an operation has failed: a client has to look at each. */
function replyOf(results: readonly OperationResult[]): Reply {
  const hasFailed = results.some(({ statusCode }) => statusCode >= 400);
  return {
    status: hasFailed ? 207 : 200,
    body: results,
    charge: results.reduce((sum, { requestCharge }) => sum + requestCharge, 0),
  };
}
