import { ProtocolError, notImplemented } from '../protocol-error.js';
import type { IncomingRequest } from './incoming-request.js';

/** Everything a client can ask for. Faults, roles and the request log go by these names. */
export const operationKinds = [
  'read-account',
  'list-databases',
  'create-database',
  'read-database',
  'delete-database',
  'list-containers',
  'create-container',
  'read-container',
  'replace-container',
  'delete-container',
  'read-ranges',
  'create-item',
  'upsert-item',
  'read-item',
  'replace-item',
  'patch-item',
  'delete-item',
  'batch',
  'bulk',
  'query',
  'plan-query',
  'read-feed',
  'change-feed',
] as const;
export type OperationKind = (typeof operationKinds)[number];

/** Names are empty where the kind has none. */
export interface Operation {
  readonly kind: OperationKind;
  readonly database: string;
  readonly container: string;
  readonly item: string;
}

/** @throws ProtocolError 501 for what this server has not, 405 for a method that a path has not */
export function operationOf(request: IncomingRequest): Operation {
  const [root, database = '', second, container = '', third, item = ''] = request.segments;
  const kinds = kindsOf(request.segments.length, root, second, third);
  const kind = kinds && kindOf(request, kinds);
  if (kind !== undefined) return { kind, database, container, item };
  const asked = `${request.method} /${request.segments.join('/')}`;
  if (kinds) throw new ProtocolError(405, `The path does not take this method: ${asked}.`);
  throw notImplemented(asked);
}

type Kinds = Readonly<Record<string, OperationKind | undefined>>;

function kindsOf(length: number, root?: string, second?: string, third?: string): Kinds | undefined {
  const path = [root, second, third].filter((part) => part !== undefined).join('/');
  switch (`${length} ${path}`) {
    case '0 ':
      return { GET: 'read-account' };
    case '1 dbs':
      return { GET: 'list-databases', POST: 'create-database' };
    case '2 dbs':
      return { GET: 'read-database', DELETE: 'delete-database' };
    case '3 dbs/colls':
      return { GET: 'list-containers', POST: 'create-container' };
    case '4 dbs/colls':
      return { GET: 'read-container', PUT: 'replace-container', DELETE: 'delete-container' };
    case '5 dbs/colls/pkranges':
      return { GET: 'read-ranges' };
    case '5 dbs/colls/docs':
      return { GET: 'read-feed', POST: 'create-item' };
    case '6 dbs/colls/docs':
      return { GET: 'read-item', PUT: 'replace-item', PATCH: 'patch-item', DELETE: 'delete-item' };
    default:
      return undefined;
  }
}

/** By method; headers tell apart what else is done by that of a creation, or of a feed. */
function kindOf(request: IncomingRequest, kinds: Kinds): OperationKind | undefined {
  const kind = kinds[request.method];
  if (kind === 'read-feed' && request.header('a-im') !== undefined) return 'change-feed';
  return request.method === 'POST' ? kindOfPost(request, kind) : kind;
}

function kindOfPost(request: IncomingRequest, kind: OperationKind | undefined): OperationKind | undefined {
  const isQuery =
    request.flag('x-ms-documentdb-isquery') ||
    (request.header('content-type') ?? '').startsWith('application/query+json');
  if (kind === 'create-database' && isQuery) return 'list-databases';
  if (kind === 'create-container' && isQuery) return 'list-containers';
  if (kind !== 'create-item') return kind;
  if (request.flag('x-ms-cosmos-is-query-plan-request')) return 'plan-query';
  if (isQuery) return 'query';
  if (request.flag('x-ms-cosmos-is-batch-request'))
    return request.flag('x-ms-cosmos-batch-atomic') ? 'batch' : 'bulk';
  return request.flag('x-ms-documentdb-is-upsert') ? 'upsert-item' : 'create-item';
}
