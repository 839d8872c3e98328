import { createHash } from 'node:crypto';
import { badRequest } from '../protocol-error.js';
import { compareRows } from '../query/run-query.js';
import type { Row } from '../query/run-query.js';
import type { Query } from '../query/syntax.js';

/**
 * Where a query goes on: behind a row, which stays right while items come and go; or at a number of rows, where
 * a row is not made of one item.
 */
type Continuation =
  | { readonly query: string; readonly keys: readonly EncodedKey[]; readonly sequence: number }
  | { readonly query: string; readonly skip: number };

/** `undefined` is not in JSON: an empty array. */
type EncodedKey = readonly [] | readonly [unknown];

/** @returns the rows from there on @throws ProtocolError 400 */
export function rowsAfter(token: string | undefined, query: Query, rows: readonly Row[]): readonly Row[] {
  if (token === undefined) return rows;
  const found = decode(token);
  if (found.query !== fingerprint(query)) throw badRequest('Invalid Continuation Token');
  if ('skip' in found) return rows.slice(found.skip);
  const keys = found.keys.map(([key]) => key);
  const first = rows.findIndex(
    (row) => compareRows(row, { keys, sequence: found.sequence }, query.orderBy ?? []) > 0,
  );
  return first === -1 ? [] : rows.slice(first);
}

/** @param skipped - rows before the next page */
export function continuationAfter(last: Row, query: Query, skipped: number): string {
  const fingerprintOfQuery = fingerprint(query);
  const continuation: Continuation = isOneRowPerItem(query)
    ? {
        query: fingerprintOfQuery,
        keys: last.keys.map((key) => (key === undefined ? [] : [key])),
        sequence: last.sequence,
      }
    : { query: fingerprintOfQuery, skip: skipped };
  return Buffer.from(JSON.stringify(continuation)).toString('base64');
}

function isOneRowPerItem({ sources, distinct, groupBy, offset, top }: Query): boolean {
  return sources.length === 1 && sources[0]?.kind === 'one' && !distinct && !groupBy && !offset && !top;
}

function decode(token: string): Continuation {
  try {
    const found: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    if (typeof found === 'object' && found !== null && ('keys' in found || 'skip' in found))
      return found as Continuation;
  } catch {
    // Answered below, like any other text that is not a token.
  }
  throw badRequest('Invalid Continuation Token');
}

/** What must not change between pages. Clients narrow WHERE when they go on with an order over several ranges. */
function fingerprint(query: Query): string {
  const order = query.orderBy?.map(({ text, descending }) => [text, descending]);
  const text = isOneRowPerItem(query) ? JSON.stringify([query.sourcesText, order]) : query.text;
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
