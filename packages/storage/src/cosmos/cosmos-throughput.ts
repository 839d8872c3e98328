import type { CosmosClientLike } from '@certoai/loom-core/cosmos';
import type { StoreFinding } from '../internal/store-finding.js';

/** What `@azure/cosmos` has beside what the adapters use. */
interface WithOffer {
  readOffer?(options?: { readonly abortSignal?: AbortSignal | undefined }): Promise<{
    readonly resource?: {
      readonly content?: {
        readonly offerThroughput?: number;
        readonly offerAutopilotSettings?: { readonly maxThroughput?: number };
      };
    };
  }>;
}

/** The request units a second that each container is given. Only a key may ask: offers are no data to a role. */
export async function readThroughput(
  client: CosmosClientLike,
  database: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<StoreFinding> {
  const check = 'throughput';
  try {
    const offers = await Promise.all(names.map((name) => offerOf(client, database, name, signal)));
    const list = names.map((name, index) => `${name} ${offers[index]}`);
    return { check, severity: 'ok', message: `Request units a second: ${list.join(', ')}.` };
  } catch {
    return { check, severity: 'ok', message: 'The throughput is not visible to this process.' };
  }
}

/** `shared`: it has none of its own, but the database has, or the account is serverless. */
async function offerOf(
  client: CosmosClientLike,
  database: string,
  name: string,
  abortSignal: AbortSignal | undefined,
): Promise<string> {
  const container = client.database(database).container(name) as WithOffer;
  const { resource } = (await container.readOffer?.({ abortSignal })) ?? {};
  const { offerThroughput, offerAutopilotSettings } = resource?.content ?? {};
  const most = offerAutopilotSettings?.maxThroughput;
  if (most !== undefined) return `up to ${most}`;
  return offerThroughput === undefined ? 'shared' : String(offerThroughput);
}
