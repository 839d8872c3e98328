/** What Loom uses of `@azure/cosmos`, which is not loaded for its types. A `CosmosClient` of version 4 is one. */
export interface CosmosClientLike {
  database(id: string): CosmosDatabaseLike;
}

export interface CosmosDatabaseLike {
  container(id: string): CosmosContainerLike;
  read(options?: CosmosRequestOptions): Promise<CosmosResponse>;
}

export interface CosmosContainerLike {
  readonly items: CosmosItemsLike;
  item(id: string, partitionKey: string): CosmosItemLike;
  read(options?: CosmosRequestOptions): Promise<CosmosResponse>;
}

export interface CosmosItemsLike {
  create(item: CosmosDocument, options?: CosmosRequestOptions): Promise<CosmosResponse>;
  upsert(item: CosmosDocument, options?: CosmosRequestOptions): Promise<CosmosResponse>;
  /** @param operations - {@link CosmosOperation}s */
  batch(
    operations: unknown[],
    partitionKey?: string,
    options?: CosmosRequestOptions,
  ): Promise<CosmosBatchResponse>;
  query(query: CosmosQuery, options?: CosmosQueryOptions): CosmosPages;
}

export interface CosmosItemLike {
  read(options?: CosmosRequestOptions): Promise<CosmosResponse>;
  replace(item: CosmosDocument, options?: CosmosRequestOptions): Promise<CosmosResponse>;
  patch(body: CosmosPatch, options?: CosmosRequestOptions): Promise<CosmosResponse>;
  delete(options?: CosmosRequestOptions): Promise<CosmosResponse>;
}

/** One item as it is written. `id` goes through {@link cosmosId}; `pk` is where it lives. */
export interface CosmosDocument {
  id: string;
  pk: string;
  /** Seconds after its last write until it is gone. @default the container's */
  ttl?: number;
  [field: string]: unknown;
}

export interface CosmosRequestOptions {
  abortSignal?: AbortSignal;
  consistencyLevel?: string;
  accessCondition?: { type: string; condition: string };
}

export interface CosmosQueryOptions extends CosmosRequestOptions {
  partitionKey?: string;
  maxItemCount?: number;
  continuationToken?: string;
}

export interface CosmosQuery {
  query: string;
  parameters: { name: string; value: CosmosValue }[];
}

/** What a parameter of a query may be. */
export type CosmosValue = string | number | boolean | null | CosmosValue[];

export interface CosmosResponse {
  readonly resource?: unknown;
  readonly statusCode: number;
  readonly substatus?: number | undefined;
  readonly etag: string;
  readonly requestCharge: number;
}

export interface CosmosPages {
  fetchNext(): Promise<CosmosPage>;
}

export interface CosmosPage {
  /** Absent when a partition was split while it was read. */
  readonly resources: unknown[] | undefined;
  readonly hasMoreResults: boolean;
  readonly continuationToken: string;
  readonly requestCharge: number;
}

/** One operation of a batch; all of a batch are in one partition. */
export type CosmosOperation =
  | { operationType: 'Create' | 'Upsert'; resourceBody: CosmosDocument }
  | { operationType: 'Replace'; id: string; ifMatch?: string; resourceBody: CosmosDocument }
  | { operationType: 'Patch'; id: string; ifMatch?: string; resourceBody: CosmosPatch }
  | { operationType: 'Delete'; id: string; ifMatch?: string };

export interface CosmosBatchResponse {
  readonly headers: { readonly [name: string]: unknown };
  readonly result?: readonly CosmosOperationResult[] | undefined;
  readonly code?: number | string | undefined;
  readonly substatus?: number | undefined;
}

export interface CosmosOperationResult {
  readonly statusCode: number;
  readonly eTag?: string;
}

/** At most 10 operations, all applied or none. `condition` is a filter on the item, such as `FROM c WHERE c.n > 1`. */
export interface CosmosPatch {
  operations: CosmosPatchOperation[];
  condition?: string;
}

export type CosmosPatchOperation =
  | { op: 'add' | 'set' | 'replace'; path: string; value: unknown }
  | { op: 'incr'; path: string; value: number }
  | { op: 'remove'; path: string };
