import { badRequest } from '../protocol-error.js';
import type { Document } from '../store/document.js';
import { parseQuery } from './parse-query.js';
import { runQuery } from './run-query.js';

/**
 * Whether an item is as a patch wants it.
 * @param condition - `from c where …`
 * @throws ProtocolError 400
 */
export function holds(condition: string, document: Document, now: number): boolean {
  const query = parseQuery(`SELECT * ${condition}`);
  if (query.sources.length !== 1) throw badRequest('A patch condition is "FROM c WHERE …".');
  return runQuery(query, [{ document, sequence: 0 }], { parameters: new Map(), now }).length > 0;
}
