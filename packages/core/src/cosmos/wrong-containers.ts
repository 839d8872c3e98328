import { LoomError, isLoomError } from '../errors/loom-error.js';
import { createContainerCommand, createDatabaseCommand, type CosmosPlace } from './az-commands.js';
import { cosmosTemplate, type CosmosContainerLayout } from './cosmos-layout.js';

/** @param withDatabase - the database is missing, too */
export function missingContainers(
  place: CosmosPlace,
  layouts: readonly CosmosContainerLayout[],
  withDatabase: boolean,
): LoomError {
  const containers = layouts.map(({ name }) => name);
  const commands = layouts.map((layout) => createContainerCommand(place, layout));
  if (withDatabase) commands.unshift(createDatabaseCommand(place));
  const names = containers.map((name) => `"${name}"`).join(', ');
  const missing = withDatabase
    ? `There is no database "${place.database}" with ${names}`
    : `Database "${place.database}" lacks ${names}`;
  const fix = `Deploy ${cosmosTemplate}, or run:\n${commands.join('\n')}`;
  const details = { kind: 'missing', database: place.database, containers, withDatabase, fix };
  return new LoomError('LOOM_STORE_FAILED', `${missing}. ${fix}`, details);
}

/** Whether a database or container is what was not found. */
export function isMissing(error: unknown): error is LoomError {
  return isLoomError(error) && error.details['kind'] === 'missing';
}

export function wrongLayout(
  { database }: CosmosPlace,
  { name: container }: CosmosContainerLayout,
  differences: readonly string[],
): LoomError {
  const fix = `Compare it with ${cosmosTemplate}; a partition key is for good, so that takes a new container.`;
  const message = `Container "${database}/${container}" is not made as Loom needs it: ${differences.join('; ')}. ${fix}`;
  const details = { kind: 'layout', database, container, differences, fix };
  return new LoomError('LOOM_STORE_FAILED', message, details);
}
