import { containerDefinition, type CosmosContainerLayout } from './cosmos-layout.js';

/** Where something is, as far as it is known. */
export interface CosmosPlace {
  /** Name of the account; unknown for a client that was made elsewhere. */
  readonly account?: string | undefined;
  readonly database: string;
}

/** Built-in roles of the data plane. https://learn.microsoft.com/azure/cosmos-db/nosql/reference-data-plane-security */
const roleIds = {
  reader: '00000000-0000-0000-0000-000000000001',
  contributor: '00000000-0000-0000-0000-000000000002',
} as const;

export function createDatabaseCommand(place: CosmosPlace): string {
  return `az cosmosdb sql database create ${of(place)} --name ${place.database}`;
}

export function createContainerCommand(place: CosmosPlace, layout: CosmosContainerLayout): string {
  const { indexingPolicy } = containerDefinition(layout);
  return (
    `az cosmosdb sql container create ${of(place)} --database-name ${place.database} --name ${layout.name}` +
    ` --partition-key-path /pk --partition-key-version 2 --ttl ${layout.ttlSeconds} --idx '${JSON.stringify(indexingPolicy)}'`
  );
}

export function assignRoleCommand(
  place: CosmosPlace,
  role: keyof typeof roleIds,
  principalId = '<principal-id>',
): string {
  return (
    `az cosmosdb sql role assignment create ${of(place)} --role-definition-id ${roleIds[role]}` +
    ` --principal-id ${principalId} --scope /dbs/${place.database}`
  );
}

export function raiseThroughputCommand(place: CosmosPlace, container: string): string {
  return (
    `az cosmosdb sql container throughput update ${of(place)} --database-name ${place.database}` +
    ` --name ${container} --max-throughput <RU/s>`
  );
}

function of({ account = '<account>' }: CosmosPlace): string {
  return `--account-name ${account} --resource-group <resource-group>`;
}
