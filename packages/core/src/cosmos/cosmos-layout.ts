/** How one container is made. Every container has the partition key path `/pk`, version 2. */
export interface CosmosContainerLayout {
  readonly name: string;
  /** Seconds after its last write until an item is gone; -1 when items stay. */
  readonly ttlSeconds: number;
  /** Some items have a time to live of their own, which the service heeds only where the container has one. */
  readonly hasPassingItems?: true;
  /** Paths that queries select and sort by. All others are left out: an index costs request units at every write. */
  readonly indexedPaths: readonly string[];
}

/** Name of the database, unless told otherwise. */
export const cosmosDatabaseName = 'loom';

/** The template that makes all of this. It is written from this table, and a test compares the two. */
export const cosmosTemplate = 'scripts/azure/cosmos.bicep';

const thirtyDays = 30 * 24 * 3_600;

/** Every container of Loom: the source that the template, the start-up check and the adapters share. */
export const cosmosContainers = {
  /** Spans, many in an item, in buckets of one execution. */
  spans: { name: 'execution-spans', ttlSeconds: thirtyDays, indexedPaths: [] },
  /** One item for an execution. */
  summaries: {
    name: 'execution-summaries',
    ttlSeconds: thirtyDays,
    indexedPaths: [
      '/sortKey/?',
      '/summary/name/?',
      '/summary/status/?',
      '/summary/startedAt/?',
      '/summary/durationMs/?',
      '/summary/tags/[]/?',
      '/summary/error/code/?',
      '/summary/stages/[]/stage/?',
      '/summary/stages/[]/actors/[]/?',
      '/summary/stages/[]/errorCodes/[]/?',
    ],
  },
  /** Versions of actor types, their revisions and their use, by type. */
  actorTypes: {
    name: 'actor-types',
    ttlSeconds: -1,
    indexedPaths: [
      '/kind/?',
      '/version/?',
      '/state/?',
      '/inputHash/?',
      '/outputHash/?',
      '/metadata/owner/?',
      '/metadata/tags/[]/?',
      '/metadata/capabilities/[]/?',
    ],
  },
  /** Live workers, each with a lease. The time to live is for those that nobody asks for any more. */
  actorInstances: {
    name: 'actor-instances',
    ttlSeconds: 3_600,
    indexedPaths: ['/endsAt/?', '/types/[]/?'],
  },
  /** States and messages of outboxes, each in one partition. What says that a commit was done has its own time to live. */
  outbox: {
    name: 'outbox',
    ttlSeconds: -1,
    hasPassingItems: true,
    indexedPaths: ['/at/?', '/lane/?', '/first/?', '/parked/?'],
  },
} as const satisfies Readonly<Record<string, CosmosContainerLayout>>;

export interface CosmosContainerDefinition {
  readonly id: string;
  readonly partitionKey: { readonly paths: string[]; readonly kind: 'Hash'; readonly version: 2 };
  readonly indexingPolicy: {
    readonly indexingMode: 'consistent';
    readonly automatic: true;
    readonly includedPaths: { readonly path: string }[];
    readonly excludedPaths: { readonly path: string }[];
  };
  readonly defaultTtl: number;
}

/** The layout as the service takes it. */
export function containerDefinition({
  name,
  ttlSeconds,
  indexedPaths,
}: CosmosContainerLayout): CosmosContainerDefinition {
  return {
    id: name,
    partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
    indexingPolicy: {
      indexingMode: 'consistent',
      automatic: true,
      // The partition key is not indexed by itself, and every query in a partition looks for it.
      includedPaths: ['/pk/?', ...indexedPaths].map((path) => ({ path })),
      excludedPaths: [{ path: '/*' }],
    },
    defaultTtl: ttlSeconds,
  };
}

/**
 * What of a container, as the service describes it, would make the adapters wrong. A longer or shorter time to
 * live and more indexes are the operator's choice.
 * @returns one phrase for each difference
 */
export function layoutDifferences(layout: CosmosContainerLayout, found: unknown): readonly string[] {
  const { partitionKey, defaultTtl, indexingPolicy } = (found ?? {}) as {
    readonly partitionKey?: { readonly paths?: readonly string[]; readonly version?: number };
    readonly defaultTtl?: number;
    readonly indexingPolicy?: { readonly includedPaths?: readonly { readonly path: string }[] };
  };
  const differences: string[] = [];
  const paths = partitionKey?.paths?.join(', ') ?? 'none';
  if (paths !== '/pk') differences.push(`its partition key path is ${paths}, not /pk`);
  else if (partitionKey?.version === 1)
    differences.push('its partition key is of version 1, which looks at the first 100 characters only');
  if ((layout.ttlSeconds > 0 || layout.hasPassingItems === true) && defaultTtl === undefined)
    differences.push(`its default time to live is off, not ${layout.ttlSeconds}`);
  if (layout.ttlSeconds < 0 && defaultTtl !== undefined && defaultTtl > 0)
    differences.push(`its default time to live is ${defaultTtl}, which would remove what must stay`);
  const indexed = indexingPolicy?.includedPaths?.map(({ path }) => path) ?? ['/*'];
  const missing = indexed.includes('/*') ? [] : layout.indexedPaths.filter((path) => !indexed.includes(path));
  if (missing.length > 0) differences.push(`its index lacks ${missing.join(', ')}`);
  return differences;
}
