import type { PartitionKeyDefinition } from '../partition/partition-key.js';
import { badRequest, notImplemented } from '../protocol-error.js';
import { isObject } from './document.js';

export interface IndexPath {
  readonly path: string;
}

export interface CompositePath extends IndexPath {
  readonly order?: 'ascending' | 'descending';
}

export interface IndexingPolicy {
  readonly indexingMode: 'consistent' | 'none';
  readonly automatic: boolean;
  readonly includedPaths: readonly IndexPath[];
  readonly excludedPaths: readonly IndexPath[];
  readonly compositeIndexes?: readonly (readonly CompositePath[])[];
}

/** What a client sets of a container; the service adds to it what begins with `_`. */
export interface ContainerDefinition {
  readonly id: string;
  readonly partitionKey: PartitionKeyDefinition;
  readonly indexingPolicy: IndexingPolicy;
  /** Seconds; -1: items live for ever unless they say otherwise. Absent: nothing expires. */
  readonly defaultTtl?: number;
  readonly uniqueKeyPolicy?: { readonly uniqueKeys: readonly { readonly paths: readonly string[] }[] };
}

/** Its `_etag` is left out of every index. */
const etagPath: IndexPath = { path: '/"_etag"/?' };

const known: readonly string[] = [
  'id',
  'partitionKey',
  'indexingPolicy',
  'defaultTtl',
  'uniqueKeyPolicy',
  'conflictResolutionPolicy',
  'geospatialConfig',
];

/** @throws ProtocolError 400 for what is wrong, 501 for what this server has not */
export function parseContainerDefinition(body: unknown): ContainerDefinition {
  if (!isObject(body)) throw badRequest('The container definition is not an object.');
  for (const name of Object.keys(body)) {
    if (!known.includes(name) && !name.startsWith('_'))
      throw notImplemented(`the container property "${name}"`);
  }
  const { conflictResolutionPolicy, defaultTtl } = body;
  if (isObject(conflictResolutionPolicy) && conflictResolutionPolicy['mode'] !== 'LastWriterWins')
    throw notImplemented('custom conflict resolution');
  if (defaultTtl !== undefined && !isTimeToLive(defaultTtl)) {
    throw badRequest("The 'defaultTtl' value must be a positive integer or -1.");
  }
  const uniqueKeyPolicy = parseUniqueKeys(body['uniqueKeyPolicy']);
  return {
    id: parseName(body['id']),
    partitionKey: parsePartitionKeyDefinition(body['partitionKey']),
    indexingPolicy: parseIndexingPolicy(body['indexingPolicy']),
    ...(defaultTtl !== undefined && { defaultTtl }),
    ...(uniqueKeyPolicy && { uniqueKeyPolicy }),
  };
}

/** @throws ProtocolError 400 */
export function parseName(id: unknown): string {
  if (typeof id === 'string' && id !== '' && id.length <= 255 && !/[/\\?#]/.test(id)) return id;
  throw badRequest('The input name is invalid. Give 1 to 255 characters, without / \\ ? #.');
}

export function isTimeToLive(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value === -1 || (value as number) > 0);
}

function parsePartitionKeyDefinition(value: unknown): PartitionKeyDefinition {
  const { paths, kind = 'Hash', version } = isObject(value) ? value : {};
  if (!Array.isArray(paths) || paths.length === 0 || !paths.every(isPath))
    throw badRequest('The partition key definition needs "paths", each beginning with "/".');
  if (kind !== 'Hash' && kind !== 'MultiHash')
    throw notImplemented(`partition keys of kind "${String(kind)}"`);
  if (paths.length > (kind === 'Hash' ? 1 : 3))
    throw badRequest(`A partition key of kind "${kind}" has too many paths.`);
  // The service takes 1 for a missing version, which hashes only the first 100 characters.
  if (version !== 2) throw notImplemented('partition key hash version 1: give partitionKey.version 2');
  return { paths, kind, version };
}

function parseIndexingPolicy(value: unknown = {}): IndexingPolicy {
  if (!isObject(value)) throw badRequest('The indexing policy is not an object.');
  const {
    indexingMode = 'consistent',
    automatic = true,
    includedPaths = [{ path: '/*' }],
    excludedPaths = [],
    compositeIndexes,
    ...rest
  } = value as Partial<IndexingPolicy>;
  const unknown = Object.entries(rest).find(([, index]) => !(Array.isArray(index) && index.length === 0));
  if (unknown) throw notImplemented(`"${unknown[0]}" of an indexing policy`);
  if (indexingMode !== 'consistent' && indexingMode !== 'none')
    throw notImplemented(`the indexing mode "${String(indexingMode)}"`);
  if (compositeIndexes?.some((paths) => paths.length < 2))
    throw badRequest('A composite index must have at least 2 paths.');
  const isListed = excludedPaths.some(({ path }) => path === etagPath.path);
  return {
    indexingMode,
    automatic,
    includedPaths,
    excludedPaths: isListed ? excludedPaths : [...excludedPaths, etagPath],
    ...(compositeIndexes && { compositeIndexes }),
  };
}

function parseUniqueKeys(value: unknown): ContainerDefinition['uniqueKeyPolicy'] {
  if (value === undefined) return undefined;
  const keys = isObject(value) ? value['uniqueKeys'] : undefined;
  if (!Array.isArray(keys)) throw badRequest('The unique key policy needs "uniqueKeys".');
  return {
    uniqueKeys: keys.map((key: unknown) => {
      const paths = isObject(key) ? key['paths'] : undefined;
      if (Array.isArray(paths) && paths.length > 0 && paths.every(isPath)) return { paths };
      throw badRequest('A unique key needs "paths", each beginning with "/".');
    }),
  };
}

function isPath(path: unknown): path is string {
  return typeof path === 'string' && path.startsWith('/');
}
