import { badRequest } from '../protocol-error.js';
import type { CompositePath, IndexPath, IndexingPolicy } from '../store/container-definition.js';
import type { Expression, OrderTerm, Query } from './syntax.js';

/**
 * ORDER BY needs an index: of its path, or a composite one of all of them in that order.
 * @throws ProtocolError 400
 */
export function checkOrder({ orderBy }: Query, policy: IndexingPolicy): void {
  if (!orderBy) return;
  const paths = orderBy.map(({ expression }) => pathOf(expression));
  if (!paths.every((path) => path !== undefined && path !== '')) {
    throw badRequest(
      'Unsupported ORDER BY clause. ORDER BY item expression could not be mapped to a document path.',
    );
  }
  const [first] = paths;
  if (paths.length === 1 && !isIndexed(first as string, policy))
    throw badRequest('The index path corresponding to the specified order-by item is excluded.');
  if (paths.length > 1 && !policy.compositeIndexes?.some((index) => serves(index, orderBy, paths)))
    throw badRequest(
      'The order by query does not have a corresponding composite index that it can be served from.',
    );
}

/** `/a/b` of `c.a.b`. */
function pathOf(expression: Expression): string | undefined {
  if (expression.kind === 'alias') return '';
  if (expression.kind !== 'property') return undefined;
  const parent = pathOf(expression.of);
  return parent === undefined ? undefined : `${parent}/${expression.name}`;
}

/** The longest path that fits decides. */
function isIndexed(path: string, { indexingMode, includedPaths, excludedPaths }: IndexingPolicy): boolean {
  if (indexingMode === 'none') return false;
  return path === '/_ts' || longestFit(path, includedPaths) > longestFit(path, excludedPaths);
}

function longestFit(path: string, list: readonly IndexPath[]): number {
  const fits = list
    .map((one) => one.path.replaceAll('"', '').replace(/\/[*?]$/, ''))
    .filter((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  return Math.max(-1, ...fits.map((prefix) => prefix.length));
}

/** All directions as they are, or all the other way round. */
function serves(
  index: readonly CompositePath[],
  terms: readonly OrderTerm[],
  paths: readonly (string | undefined)[],
): boolean {
  if (index.length !== terms.length) return false;
  const fits = index.every(({ path }, i) => path.replaceAll('"', '').replace(/\/\?$/, '') === paths[i]);
  const same = index.filter(({ order }, i) => (order === 'descending') === terms[i]?.descending).length;
  return fits && (same === 0 || same === index.length);
}
