import type { ActorMetadata } from '@certoai/loom-discovery';
import type { CatalogueMetadata, CosmosDBActorRegistry } from '@certoai/loom-storage';

/** What is loaded or written here goes into the catalogue of storage as it is, and comes back as what it was. */
export const isCatalogued: (metadata: ActorMetadata) => CatalogueMetadata = (metadata) => metadata;

export async function comesBack(
  types: CosmosDBActorRegistry<ActorMetadata>,
): Promise<ActorMetadata | undefined> {
  return (await types.get('ocr'))?.metadata;
}
