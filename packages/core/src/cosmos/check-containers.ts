import type { CosmosPlace } from './az-commands.js';
import type { CosmosCalls } from './cosmos-calls.js';
import type { CosmosClientLike } from './cosmos-client-like.js';
import { CosmosContainer } from './cosmos-container.js';
import { cosmosContainers, type CosmosContainerLayout } from './cosmos-layout.js';
import { isMissing, missingContainers } from './wrong-containers.js';

/**
 * Whether every container is there and made as the table says. It only reads, which every role of the data plane
 * may: an identity cannot create databases or containers, whatever its role.
 * @throws LoomError `LOOM_STORE_FAILED` that names all that are missing, with the commands that create them
 */
export async function checkCosmosContainers(
  client: CosmosClientLike,
  place: CosmosPlace,
  calls: CosmosCalls,
  layouts: readonly CosmosContainerLayout[] = Object.values(cosmosContainers),
): Promise<void> {
  const checks = layouts.map((layout) => new CosmosContainer(client, place, layout, calls).check());
  const missing: CosmosContainerLayout[] = [];
  let withDatabase = false;
  for (const [index, check] of (await Promise.allSettled(checks)).entries()) {
    if (check.status === 'fulfilled') continue;
    if (!isMissing(check.reason)) throw check.reason;
    missing.push(layouts[index] as CosmosContainerLayout);
    withDatabase ||= check.reason.details['withDatabase'] === true;
  }
  if (missing.length > 0) throw missingContainers(place, missing, withDatabase);
}
