import type { CosmosCredential, ResolvedCosmosOptions } from '@certoai/loom-core/cosmos';
import type { StoreFinding } from '../internal/store-finding.js';
import { defaultCredential } from './open-cosmos.js';

export interface SignedIn {
  readonly finding: StoreFinding;
  /** The one that could sign in, to be used again: it has a token already. */
  readonly credential?: CosmosCredential;
}

/** Some accounts are known under this name only; the package asks for it after the account's own, too. */
const commonScope = 'https://cosmos.azure.com/.default';

/** How this process would sign in, and whether it can. @throws LoomError `LOOM_MISSING_DEPENDENCY` */
export async function signIn(resolved: ResolvedCosmosOptions, signal?: AbortSignal): Promise<SignedIn> {
  const { client, key, endpoint = '', credential } = resolved;
  if (client !== undefined) return ok('The client that was given signs in.');
  if (key !== undefined) return ok('This process signs in with a key of the account.');
  const name = credential === undefined ? 'DefaultAzureCredential' : 'The credential that was given';
  const used = credential ?? (await defaultCredential());
  try {
    await tokenFor(used, [`${new URL(endpoint).href.replace(/\/$/, '')}/.default`, commonScope], signal);
    return { ...ok(`${name} got a token.`), credential: used };
  } catch (error) {
    const line = (error as Error).message.split('\n', 1)[0]?.replace(/\.$/, '').slice(0, 300);
    return {
      finding: {
        check: 'credential',
        severity: 'error',
        message: `${name} got no token: ${line}.`,
        fix: 'Give this process a managed identity or a workload identity, run "az login", or give a key.',
      },
    };
  }
}

async function tokenFor(
  credential: CosmosCredential,
  [scope = '', ...others]: readonly string[],
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  try {
    const token = await credential.getToken(scope, { abortSignal } as never);
    if (token === null || token === undefined) throw new Error('it has none');
  } catch (error) {
    const isUnknownScope = (error as Error).message.includes('AADSTS500011');
    if (!isUnknownScope || others.length === 0) throw error;
    await tokenFor(credential, others, abortSignal);
  }
}

function ok(message: string): SignedIn {
  return { finding: { check: 'credential', severity: 'ok', message } };
}
