import { badRequest, notImplemented } from '../protocol-error.js';
import { parseQuery } from '../query/parse-query.js';
import { runQuery } from '../query/run-query.js';
import type { Account, StoredContainer } from '../store/account.js';
import { charges } from '../store/charge.js';
import type { Container } from '../store/container.js';
import type { Document } from '../store/document.js';
import type { IncomingRequest } from './incoming-request.js';
import type { Operation } from './operation.js';
import { parseQueryBody } from './query-body.js';
import type { Reply } from './reply.js';

const throughputHeader = 'x-ms-offer-throughput';
const minThroughput = 400;

/** What a client learns first: where to write and read, and how consistent the account is. */
export function accountReply(endpoint: string): Reply {
  const locations = [{ name: 'Test Region', databaseAccountEndpoint: endpoint }];
  return plain(200, {
    _self: '',
    id: 'cosmos-test-server',
    _rid: 'cosmos-test-server',
    media: '//media/',
    addresses: '//addresses/',
    _dbs: '//dbs/',
    writableLocations: locations,
    readableLocations: locations,
    enableMultipleWriteLocations: false,
    userReplicationPolicy: { asyncReplication: false, minReplicaSetSize: 1, maxReplicasetSize: 4 },
    userConsistencyPolicy: { defaultConsistencyLevel: 'Session' },
    systemReplicationPolicy: { minReplicaSetSize: 1, maxReplicasetSize: 4 },
    readPolicy: { primaryReadCoefficient: 1, secondaryReadCoefficient: 1 },
    queryEngineConfiguration: '{"maxSqlQueryInputLength":262144,"sqlAllowTop":true}',
  });
}

export function listDatabases(account: Account, request: IncomingRequest): Reply {
  const documents = [...account.databases.values()].map(({ document }) => document);
  return list('Databases', documents, request);
}

export function listContainers(account: Account, { database }: Operation, request: IncomingRequest): Reply {
  const documents = [...account.database(database).containers.values()].map(({ document }) => document);
  return list('DocumentCollections', documents, request);
}

export function createDatabase(account: Account, request: IncomingRequest): Reply {
  if (request.header(throughputHeader) !== undefined) throw notImplemented('throughput of a database');
  return plain(201, account.createDatabase(request.json()));
}

/** Its throughput, where it is given, is its budget. */
export function createContainer(account: Account, { database }: Operation, request: IncomingRequest): Reply {
  const throughput = parseThroughput(request.header(throughputHeader));
  const { container, document } = account.createContainer(database, request.json());
  container.budget.unitsPerSecond = throughput;
  return plain(201, document);
}

export function readContainer({ container, document }: StoredContainer, request: IncomingRequest): Reply {
  const reply = plain(200, document);
  if (!request.flag('x-ms-documentdb-populatequotainfo')) return reply;
  const count = container.list({}, container.primary()).length;
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'x-ms-resource-quota': 'documentSize=20971520;documentsCount=-1;',
      'x-ms-resource-usage': `documentsCount=${count};`,
    },
  };
}

export function rangesReply(container: Container): Reply {
  const { rid, ranges } = container;
  return plain(200, {
    _rid: rid,
    PartitionKeyRanges: ranges.map(({ id, min, max, parents }) => ({
      id,
      _rid: container.childRid(Number(id)),
      minInclusive: min,
      maxExclusive: max,
      ridPrefix: Number(id),
      throughputFraction: 1 / ranges.length,
      status: 'online',
      parents,
      _ts: 1,
      _etag: '"0"',
    })),
    _count: ranges.length,
  });
}

/** A definition, with its etag where it has one. */
export function plain(status: number, body?: Document): Reply {
  const etag = body?.['_etag'];
  return { status, body, charge: charges.minimum, ...(typeof etag === 'string' && { headers: { etag } }) };
}

function list(name: string, documents: readonly Document[], request: IncomingRequest): Reply {
  const found = request.method === 'POST' ? select(documents, request) : documents;
  return {
    status: 200,
    body: { _rid: '', [name]: found, _count: found.length },
    headers: { 'x-ms-item-count': String(found.length) },
    charge: charges.minimum,
  };
}

function select(documents: readonly Document[], request: IncomingRequest): readonly unknown[] {
  const { text, parameters } = parseQueryBody(request);
  const items = documents.map((document, sequence) => ({ document, sequence }));
  return runQuery(parseQuery(text), items, { parameters, now: Date.now() }).map(({ value }) => value);
}

function parseThroughput(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const units = Number(header);
  if (Number.isSafeInteger(units) && units >= minThroughput && units % 100 === 0) return units;
  throw badRequest(`The throughput is ${header}; give ${minThroughput} or more, in hundreds.`);
}
