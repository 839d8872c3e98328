import { LoomError } from '@certoai/loom-core';
import {
  checkCosmosContainers,
  CosmosCalls,
  createCosmosContainers,
  resolveCosmosOptions,
  type CosmosAdminClient,
  type CosmosClientLike,
  type CosmosCredential,
  type CosmosOptions,
  type ResolvedCosmosOptions,
} from '@certoai/loom-core/cosmos';

/** A database of Cosmos DB that has everything Loom needs. */
export interface CosmosConnection extends AsyncDisposable {
  readonly client: CosmosClientLike;
  readonly database: string;
  /** Name of the account, where the address has it: it makes the commands in error messages whole. */
  readonly account: string | undefined;
  /** Closes the client, unless it was given. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens a database and sees that its containers are there and made as Loom needs them. That takes reads only: it
 * creates nothing unless told to.
 * @throws LoomError `LOOM_INVALID_OPTION`; `LOOM_MISSING_DEPENDENCY` without `@azure/cosmos` or `@azure/identity`;
 *   `LOOM_STORE_FAILED` when the account cannot be reached or used, or lacks something, with the commands that add it
 */
export async function openCosmos(options: CosmosOptions): Promise<CosmosConnection> {
  const resolved = resolveCosmosOptions(options);
  const { client, createMissing } = resolved;
  if (client !== undefined) return connected(client, resolved, async () => undefined);
  const opened = await openClient(resolved);
  const close = async (): Promise<void> => opened.dispose();
  try {
    if (createMissing === true) await createCosmosContainers(opened, resolved);
    return await connected(opened, resolved, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function connected(
  client: CosmosClientLike,
  { account, database }: ResolvedCosmosOptions,
  close: () => Promise<void>,
): Promise<CosmosConnection> {
  await checkCosmosContainers(client, { account, database }, new CosmosCalls());
  return { client, database, account, close, [Symbol.asyncDispose]: close };
}

/** Connects to nothing yet. @throws LoomError `LOOM_MISSING_DEPENDENCY` */
export async function openClient({
  endpoint = '',
  key,
  credential,
  clientOptions,
}: ResolvedCosmosOptions): Promise<CosmosClientLike & CosmosAdminClient & { dispose(): void }> {
  const { CosmosClient } = await load('@azure/cosmos', () => import('@azure/cosmos'));
  const signIn =
    key === undefined ? { aadCredentials: (credential ?? (await defaultCredential())) as never } : { key };
  return new CosmosClient({
    ...clientOptions,
    endpoint,
    ...signIn,
    // Without it this client does not see its own writes, whatever the account's default is.
    consistencyLevel: 'Session',
    // Loom waits and tries again by itself, and knows for how long.
    connectionPolicy: {
      requestTimeout: 10_000,
      retryOptions: { maxRetryAttemptCount: 0 },
      ...(clientOptions?.['connectionPolicy'] as object | undefined),
    },
  });
}

/** @throws LoomError `LOOM_MISSING_DEPENDENCY` */
export async function defaultCredential(): Promise<CosmosCredential> {
  const { DefaultAzureCredential } = await load('@azure/identity', () => import('@azure/identity'));
  return new DefaultAzureCredential();
}

async function load<Module>(name: string, importing: () => Promise<Module>): Promise<Module> {
  try {
    return await importing();
  } catch (cause) {
    const message = `The package "${name}" cannot be loaded. Run "npm install ${name}".`;
    throw new LoomError('LOOM_MISSING_DEPENDENCY', message, { package: name }, { cause });
  }
}
