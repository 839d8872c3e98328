import { LoomError, isLoomError, type LoomErrorCode } from '../errors/loom-error.js';
import { assignRoleCommand, raiseThroughputCommand, type CosmosPlace } from './az-commands.js';
import { cosmosTemplate } from './cosmos-layout.js';
import { cosmosProblem, type CosmosProblem, type CosmosProblemKind } from './cosmos-problem.js';

/** The call that failed. */
export interface CosmosCallSite {
  readonly place: CosmosPlace;
  readonly container: string;
  /** What it was to do, after "could not". */
  readonly doing: string;
  readonly isWrite: boolean;
}

const codes: Partial<Readonly<Record<CosmosProblemKind, LoomErrorCode>>> = {
  'too-large': 'LOOM_PAYLOAD_TOO_LARGE',
  full: 'LOOM_STORE_FULL',
};

/** What Cosmos DB or its package said, as Loom says it: `LOOM_STORE_FAILED`, unless a code says more. */
export function cosmosError(error: unknown, site: CosmosCallSite): LoomError {
  if (isLoomError(error)) return error;
  const problem = cosmosProblem(error);
  const { kind, status, substatus, retryAfterMs } = problem;
  const { place, container } = site;
  const fix = adviceFor(problem, error, site);
  const message = `Cosmos DB could not ${site.doing} in "${place.database}/${container}": ${said(error, problem)}. ${fix}`;
  const details = { kind, status, substatus, retryAfterMs, database: place.database, container, fix };
  return new LoomError(codes[kind] ?? 'LOOM_STORE_FAILED', message, details, { cause: error });
}

/** First line of what was said, without the address that some messages carry. */
function said(error: unknown, { status, substatus }: CosmosProblem): string {
  const { code, message = error } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const numbers = [status ?? code, substatus].filter((part) => part !== undefined && part !== 0).join('/');
  const line = textOf(message).split('\n', 1)[0]?.trim().replace(/\.$/, '').slice(0, 300) ?? '';
  return [numbers, line].filter((part) => part !== '').join(' ');
}

function adviceFor({ kind, substatus, status }: CosmosProblem, error: unknown, site: CosmosCallSite): string {
  const { place, container, isWrite } = site;
  switch (kind) {
    case 'throttled':
      return substatus === 3_201
        ? 'These are too many requests for metadata, which more RU/s do not help: use one client in a process.'
        : `The container has fewer request units than its load asks for: ${raiseThroughputCommand(place, container)}`;
    case 'missing':
      return `Create what is missing with ${cosmosTemplate}, or check the names of database and container.`;
    case 'forbidden':
      return forbiddenAdvice(textOf((error as Error | null)?.message), substatus, site);
    case 'unauthorised':
      return status === undefined
        ? 'No credential could sign in: give this process a managed identity, run "az login", or give a key.'
        : 'Give a current key of this account, or none where keys are switched off, to sign in with an identity.';
    case 'too-large':
      return 'One item or batch may have 2 MB.';
    case 'full':
      return 'One partition key may hold 20 GB: remove old items, or shorten their time to live.';
    case 'transient':
      return 'Nothing was changed. Check that the account can be reached.';
    case 'ambiguous':
      return isWrite ? 'It may have been done or not.' : 'Check that the account can be reached.';
    default:
      return `Check endpoint, certificate and the layout in ${cosmosTemplate}.`;
  }
}

function forbiddenAdvice(
  text: string,
  substatus: number | undefined,
  { place, isWrite }: CosmosCallSite,
): string {
  if (/firewall|public internet|private endpoint/i.test(text))
    return 'Add the address of this host to the firewall of the account, or use its private endpoint.';
  if (substatus === 5_300)
    return `An identity may not create or change databases and containers; do it once with ${cosmosTemplate}.`;
  const principal = /principal \[([^\]\s]+)\]/.exec(text)?.[1];
  const command = assignRoleCommand(place, isWrite ? 'contributor' : 'reader', principal);
  return `The identity lacks a role, which takes some minutes to be in force: ${command}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
