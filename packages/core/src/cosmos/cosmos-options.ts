import { LoomError } from '../errors/loom-error.js';
import type { CosmosClientLike } from './cosmos-client-like.js';
import { cosmosDatabaseName } from './cosmos-layout.js';

/** What signs in: a `TokenCredential` of `@azure/identity`, which is not loaded for its types. */
export interface CosmosCredential {
  getToken(scopes: string | string[], options?: never): Promise<unknown>;
}

export interface CosmosOptions {
  /** Address of the account, such as `https://example.documents.azure.com`. Needed without `client`. */
  readonly endpoint?: string | undefined;
  /** Key of the account. @default none: the process signs in with `credential` */
  readonly key?: string | undefined;
  /** @default `DefaultAzureCredential`: managed identity, workload identity, environment or `az login` */
  readonly credential?: CosmosCredential | undefined;
  /** A `CosmosClient` that is used as it is, and never closed. */
  readonly client?: CosmosClientLike | undefined;
  /** Name of the database. @default loom */
  readonly database?: string | undefined;
  /** Creates what is missing of database and containers. Only with `key`: an identity may not. @default false */
  readonly createMissing?: boolean | undefined;
  /** More options of `CosmosClient`, such as `agent` behind a proxy. */
  readonly clientOptions?: Readonly<Record<string, unknown>> | undefined;
}

export interface ResolvedCosmosOptions extends CosmosOptions {
  readonly database: string;
  /** Name of the account, where the address has it. */
  readonly account: string | undefined;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveCosmosOptions(options: CosmosOptions): ResolvedCosmosOptions {
  const { endpoint, key, credential, client, database = cosmosDatabaseName, createMissing } = options;
  const given = Object.entries({ key, credential, client }).filter(([, value]) => value !== undefined);
  if (given.length > 1)
    throw invalid('client', `${given.map(([name]) => name).join(' and ')} are given; give one of them.`);
  if (typeof database !== 'string' || database === '')
    throw invalid('database', `database is ${JSON.stringify(database)}; give the name of a database.`);
  if (createMissing === true && key === undefined)
    throw invalid(
      'createMissing',
      'createMissing takes a key: an identity may not create databases or containers.',
    );
  if (client === undefined) checkEndpoint(endpoint, key === undefined);
  const account = /^https:\/\/([\w-]+)\.documents\./i.exec(endpoint ?? '')?.[1];
  return { ...options, database, account };
}

function checkEndpoint(endpoint: unknown, byIdentity: boolean): void {
  const protocol = typeof endpoint === 'string' && URL.canParse(endpoint) ? new URL(endpoint).protocol : '';
  if (protocol !== 'https:' && protocol !== 'http:') {
    const shown = typeof endpoint === 'string' ? JSON.stringify(endpoint) : String(endpoint);
    throw invalid(
      'endpoint',
      `endpoint of Cosmos DB is ${shown}; give the address of the account, such as https://example.documents.azure.com.`,
    );
  }
  if (byIdentity && protocol === 'http:')
    throw invalid('endpoint', 'endpoint of Cosmos DB is not encrypted; give one with https, or a key.');
}

function invalid(option: string, message: string): LoomError {
  return new LoomError('LOOM_INVALID_OPTION', message, { option });
}
