/** What a recorder needs of a `CosmosClient` of `@azure/cosmos`, which is not loaded for its types. */
export interface CosmosClientLike {
  database(id: string): unknown;
}
