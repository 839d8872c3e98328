import { continuationAfter, rowsAfter } from '../feed/continuation.js';
import { checkChangeFeedMode, readChanges } from '../feed/change-feed.js';
import { ProtocolError, notImplemented, substatus } from '../protocol-error.js';
import { checkOrder } from '../query/order-check.js';
import { parseQuery } from '../query/parse-query.js';
import { planQuery } from '../query/plan-query.js';
import { runQuery } from '../query/run-query.js';
import type { Row } from '../query/run-query.js';
import { isPlain } from '../query/syntax.js';
import { charges } from '../store/charge.js';
import type { ContainerRequest } from './container-request.js';
import { parseQueryBody } from './query-body.js';
import type { QueryBody } from './query-body.js';
import type { Reply } from './reply.js';

/** A page has no more bytes than this, but always one row. */
const maxPageBytes = 4 * 1024 * 1024;

export function planReply({ http, container }: ContainerRequest): Reply {
  const { text, parameters } = parseQueryBody(http);
  const query = parseQuery(text);
  checkOrder(query, container.definition.indexingPolicy);
  return { status: 200, body: planQuery(query, parameters), charge: charges.minimum };
}

export function queryReply(request: ContainerRequest): Reply {
  return answerQuery(request, parseQueryBody(request.http));
}

/** All items, in the order of their creation. */
export function readFeedReply(request: ContainerRequest): Reply {
  return answerQuery(request, { text: 'SELECT * FROM c', parameters: new Map() });
}

export function changeFeedReply(request: ContainerRequest): Reply {
  const { http, container } = request;
  checkChangeFeedMode(http.header('a-im') ?? '');
  const scope = request.scope();
  const ranges = request.rangesOf(scope);
  const [range] = ranges;
  if (range === undefined || ranges.length > 1)
    throw notImplemented('a change feed of several partition key ranges at once: read them one by one');
  return request.answer(ranges, () => {
    const { documents, etag, charge } = readChanges(
      container,
      {
        scope,
        range,
        ifNoneMatch: http.header('if-none-match'),
        ifModifiedSince: http.header('if-modified-since'),
        maxItems: request.pageSize(),
      },
      request.view(ranges),
    );
    if (documents.length === 0) return { status: 304, headers: { etag }, charge };
    const body = { _rid: container.rid, Documents: documents, _count: documents.length };
    return {
      status: 200,
      body,
      headers: { etag, 'x-ms-item-count': String(documents.length) },
      charge,
    };
  });
}

function answerQuery(request: ContainerRequest, { text, parameters }: QueryBody): Reply {
  const { container, http } = request;
  const query = parseQuery(text);
  checkOrder(query, container.definition.indexingPolicy);
  const scope = request.scope();
  if (!scope.key && !scope.range && !isPlain(query)) {
    const message =
      'The provided cross partition query can not be directly served by the gateway. This is a first chance (internal) exception that all newer clients will know how to handle gracefully.';
    const additionalErrorInfo = JSON.stringify(planQuery(query, parameters));
    throw new ProtocolError(400, message, {
      substatus: substatus.crossPartitionQueryNotServable,
      additionalErrorInfo,
    });
  }
  const ranges = request.rangesOf(scope);
  return request.answer(ranges, () => {
    const items = container.list(scope, request.view(ranges));
    const rows = runQuery(query, items, { parameters, now: container.now() });
    const rest = rowsAfter(http.header('x-ms-continuation'), query, rows);
    const page = firstPage(rest, request.pageSize());
    const last = page.at(-1);
    const isLast = last === undefined || page.length === rest.length;
    const before = rows.length - rest.length + page.length;
    return {
      status: 200,
      body: { _rid: container.rid, Documents: page.map(({ value }) => value), _count: page.length },
      headers: {
        'x-ms-item-count': String(page.length),
        ...(!isLast && { 'x-ms-continuation': continuationAfter(last, query, before) }),
      },
      charge: charges.query(items.length, page.length),
    };
  });
}

function firstPage(rows: readonly Row[], size: number): readonly Row[] {
  const page: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += Buffer.byteLength(JSON.stringify(row.value));
    if (page.length === size || (page.length > 0 && bytes > maxPageBytes)) break;
    page.push(row);
  }
  return page;
}
