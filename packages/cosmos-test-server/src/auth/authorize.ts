import type { IncomingRequest } from '../http/incoming-request.js';
import type { OperationKind } from '../http/operation.js';
import { ProtocolError, substatus } from '../protocol-error.js';
import { isSignedWith, isTimely } from './master-key.js';
import type { Principals, Role } from './principals.js';

export interface Authority {
  /** Base64. Absent where keys are turned off. */
  readonly key: string | undefined;
  readonly principals: Principals;
}

const scopeOf = 'sqlDatabases/containers';

/** What a token may be allowed, by the action that a role lists; the others are management, which no role allows. */
const actions: Readonly<Partial<Record<OperationKind, string>>> = {
  'read-account': 'readMetadata',
  'read-database': 'readMetadata',
  'read-container': 'readMetadata',
  'read-ranges': 'readMetadata',
  'create-item': `${scopeOf}/items/create`,
  'upsert-item': `${scopeOf}/items/upsert`,
  'read-item': `${scopeOf}/items/read`,
  'replace-item': `${scopeOf}/items/replace`,
  // Patch is authorised as what it does.
  'patch-item': `${scopeOf}/items/replace`,
  'delete-item': `${scopeOf}/items/delete`,
  batch: `${scopeOf}/items/create`,
  bulk: `${scopeOf}/items/create`,
  query: `${scopeOf}/executeQuery`,
  'plan-query': 'readMetadata',
  'read-feed': `${scopeOf}/executeQuery`,
  'change-feed': `${scopeOf}/readChangeFeed`,
};

/** Actions of the built-in reader. https://learn.microsoft.com/azure/cosmos-db/nosql/reference-data-plane-roles */
const readerActions: readonly (string | undefined)[] = [
  'readMetadata',
  `${scopeOf}/items/read`,
  `${scopeOf}/executeQuery`,
  `${scopeOf}/readChangeFeed`,
];

/** @throws ProtocolError 401 for who it is, 403 for what it may not */
export function authorize(request: IncomingRequest, kind: OperationKind, authority: Authority): void {
  const { type, sig = '' } = parseAuthorization(request.header('authorization'));
  switch (type) {
    case 'master':
      return checkKey(request, sig, authority.key);
    case 'aad': {
      const principal = authority.principals.find(sig);
      if (principal === undefined) throw unauthorized('The AAD token is invalid.');
      return checkRole(request, kind, principal.id, principal.role);
    }
    default:
      throw unauthorized('Required Header authorization is missing. Ensure a valid token is passed.');
  }
}

/** `type=aad&ver=1.0&sig=…`; that of a key is URL-encoded as a whole. */
function parseAuthorization(header = ''): Readonly<Record<string, string | undefined>> {
  const pairs = decoded(header)
    .split('&')
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

function decoded(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    return '';
  }
}

function checkKey(request: IncomingRequest, signature: string, key: string | undefined): void {
  if (key === undefined)
    throw unauthorized('Local Authorization is disabled. Use an AAD token to authorize all requests.');
  const { method, segments } = request;
  const date = request.header('x-ms-date') ?? '';
  if (!isSignedWith(key, signature, { method, segments, date }))
    throw unauthorized("The input authorization token can't serve the request.");
  if (!isTimely(date)) throw unauthorized('The authorization token is not valid at the current time.');
}

function checkRole({ method, path }: IncomingRequest, kind: OperationKind, id: string, role: Role): void {
  const action = actions[kind];
  if (action === undefined) {
    const message = `Request blocked by Auth: The given request [${method} ${path}] cannot be authorized by AAD token in data plane.`;
    throw new ProtocolError(403, message, { substatus: substatus.managementWithToken });
  }
  if (role === 'contributor' || (role === 'reader' && readerActions.includes(action))) return;
  const message = `Request blocked by Auth: principal [${id}] does not have required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/${action}] on resource [${path}].`;
  throw new ProtocolError(403, message, { substatus: substatus.roleForbids });
}

function unauthorized(message: string): ProtocolError {
  return new ProtocolError(401, message);
}
