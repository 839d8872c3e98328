import type { Account } from '../store/account.js';
import { batchReply, bulkReply } from './batch-answers.js';
import { ContainerRequest } from './container-request.js';
import type { IncomingRequest } from './incoming-request.js';
import { readItemReply, writeItemReply } from './item-answers.js';
import type { Operation } from './operation.js';
import { changeFeedReply, planReply, queryReply, readFeedReply } from './query-answers.js';
import type { Reply } from './reply.js';
import {
  accountReply,
  createContainer,
  createDatabase,
  listContainers,
  listDatabases,
  plain,
  rangesReply,
  readContainer,
} from './resource-answers.js';

/** Does what a request asks for. @throws ProtocolError for every answer that is not a success */
export function route(
  account: Account,
  operation: Operation,
  request: IncomingRequest,
  endpoint: string,
): Reply {
  const { kind, database, container } = operation;
  const inContainer = (): ContainerRequest =>
    new ContainerRequest(account.container(database, container), operation, request);
  switch (kind) {
    case 'read-account':
      return accountReply(endpoint);
    case 'list-databases':
      return listDatabases(account, request);
    case 'create-database':
      return createDatabase(account, request);
    case 'read-database':
      return plain(200, account.database(database).document);
    case 'delete-database':
      account.deleteDatabase(database);
      return plain(204);
    case 'list-containers':
      return listContainers(account, operation, request);
    case 'create-container':
      return createContainer(account, operation, request);
    case 'read-container':
      return readContainer(account.storedContainer(database, container), request);
    case 'replace-container':
      return plain(200, account.replaceContainer(database, container, request.json()));
    case 'delete-container':
      account.deleteContainer(database, container);
      return plain(204);
    case 'read-ranges':
      return rangesReply(account.container(database, container));
    case 'create-item':
    case 'upsert-item':
    case 'replace-item':
    case 'patch-item':
    case 'delete-item':
      return writeItemReply(inContainer());
    case 'read-item':
      return readItemReply(inContainer());
    case 'batch':
      return batchReply(inContainer());
    case 'bulk':
      return bulkReply(inContainer());
    case 'query':
      return queryReply(inContainer());
    case 'plan-query':
      return planReply(inContainer());
    case 'read-feed':
      return readFeedReply(inContainer());
    case 'change-feed':
      return changeFeedReply(inContainer());
  }
}
