import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { openManagedIdentity } from './auth/managed-identity.js';
import type { ManagedIdentity } from './auth/managed-identity.js';
import { Principals } from './auth/principals.js';
import { makeCertificate } from './auth/self-signed-certificate.js';
import { resolveOptions } from './cosmos-test-server-options.js';
import type { CosmosTestServerOptions } from './cosmos-test-server-options.js';
import { ControlEndpoint, controlPath } from './faults/control-endpoint.js';
import { Faults } from './faults/faults.js';
import type { ContainerPath } from './faults/faults.js';
import { MovableClock } from './faults/movable-clock.js';
import { closeServer, listen } from './http/listen.js';
import { RequestHandler } from './http/request-handler.js';
import { RequestLog } from './http/request-log.js';
import { Account } from './store/account.js';
import type { StoreSettings } from './store/store-settings.js';

/** A server that answers like an Azure Cosmos DB account (NoSQL API, gateway mode). All it holds is in memory. */
export interface CosmosTestServer extends AsyncDisposable {
  /** Such as `https://localhost:8081/`. */
  readonly endpoint: string;
  /** Base64. */
  readonly key: string;
  /** PEM of the certificate, for `agent: new https.Agent({ ca })`. Absent over http. */
  readonly ca: string | undefined;
  readonly faults: Faults;
  /** For expiry, budgets and replica lag. Signatures go by the real time. */
  readonly clock: MovableClock;
  readonly requests: RequestLog;
  /** Bearer tokens, as Microsoft Entra ID would issue them. */
  readonly tokens: Principals;
  /** Where `DefaultAzureCredential` gets a token. */
  readonly managedIdentity: ManagedIdentity;
  /**
   * Splits a physical partition in two: requests for it by its id are answered with 410/1002 from now on.
   * @param rangeId - @default the first
   * @returns ids of the halves
   * @throws ProtocolError 404 for a container, 410 for a range that is not there
   */
  split(path: ContainerPath, rangeId?: string): readonly [string, string];
  /** Cuts all connections. Calling it twice is calling it once. */
  close(): Promise<void>;
}

/** @throws RangeError for an option that is out of range; what Node throws for a port that is taken */
export async function startCosmosTestServer(options?: CosmosTestServerOptions): Promise<CosmosTestServer> {
  const { port, https, partitions, key, localAuth } = resolveOptions(options);
  const clock = new MovableClock();
  const settings: StoreSettings = { clock, replicaLagMs: 0, partitions };
  const account = new Account(settings);
  const faults = new Faults(account, settings);
  const requests = new RequestLog();
  const tokens = new Principals();
  const closing = new AbortController();
  const authority = { key: localAuth ? key : undefined, principals: tokens };
  const handler = new RequestHandler({
    account,
    authority,
    faults,
    log: requests,
    closing: closing.signal,
  });
  const certificate = https ? makeCertificate() : undefined;
  const server = certificate
    ? createSecureServer({ cert: certificate.certificate, key: certificate.privateKey })
    : createServer();
  const taken = await listen(server, port);
  const managedIdentity = await openManagedIdentity(tokens);
  handler.endpoint = `${https ? 'https' : 'http'}://localhost:${taken}/`;

  const close = async (): Promise<void> => {
    closing.abort();
    await Promise.all([closeServer(server), managedIdentity[Symbol.asyncDispose]()]);
  };
  let closed: Promise<void> | undefined;
  const running: CosmosTestServer = {
    endpoint: handler.endpoint,
    key,
    ca: certificate?.certificate,
    faults,
    clock,
    requests,
    tokens,
    managedIdentity,
    split: ({ database, container }, rangeId) => {
      const found = account.container(database, container);
      return found.split(rangeId ?? found.ranges[0]?.id ?? '');
    },
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => running.close(),
  };
  serve(server, handler, new ControlEndpoint(running));
  return running;
}

function serve(server: Server, handler: RequestHandler, control: ControlEndpoint): void {
  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    const isControl = message.url?.startsWith(controlPath);
    const handled = isControl ? control.handle(message, response) : handler.handle(message, response);
    // Only a client that goes away while it sends gets here, and it waits for no answer.
    handled.catch(() => response.destroy());
  });
}
