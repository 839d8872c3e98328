import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { closeServer, listen } from '../http/listen.js';
import type { Principal, Principals } from './principals.js';

const lifetimeSeconds = 24 * 3600;

/** The endpoint that gives a service its tokens on App Service, Functions and Container Apps, on loopback. */
export interface ManagedIdentity extends AsyncDisposable {
  /** For the environment of the process that is to have the identity. */
  readonly environment: { readonly IDENTITY_ENDPOINT: string; readonly IDENTITY_HEADER: string };
  readonly principal: Principal;
  /** What tokens were asked for, such as `https://localhost:8081`. */
  readonly requestedResources: readonly string[];
}

/** https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference */
export async function openManagedIdentity(principals: Principals): Promise<ManagedIdentity> {
  const principal = principals.create('contributor');
  const secret = randomUUID();
  const requestedResources: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const resource = searchParams.get('resource');
    if (request.headers['x-identity-header'] !== secret || resource === null)
      return send(response, 400, { statusCode: 400, message: 'x-identity-header or resource is wrong.' });
    requestedResources.push(resource);
    return send(response, 200, {
      access_token: principals.issue(principal),
      expires_on: String(Math.floor(Date.now() / 1000) + lifetimeSeconds),
      resource,
      token_type: 'Bearer',
      client_id: searchParams.get('client_id') ?? principal.id,
    });
  };
  const server = createServer(answer);
  const port = await listen(server, 0);
  return {
    environment: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`,
      IDENTITY_HEADER: secret,
    },
    principal,
    requestedResources,
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
