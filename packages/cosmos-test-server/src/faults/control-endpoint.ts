import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CosmosTestServer } from '../cosmos-test-server.js';
import type { Role } from '../auth/principals.js';
import { IncomingRequest } from '../http/incoming-request.js';
import { send } from '../http/response.js';
import { badRequest } from '../protocol-error.js';
import { isObject } from '../store/document.js';
import type { Document } from '../store/document.js';
import type { FaultRule } from './fault-rule.js';

/** Where another process controls a server: `POST /_control/<command>` with a JSON object, answered with JSON. */
export const controlPath = '/_control/';

type Command = (args: Document) => unknown;

/** The same switches that {@link CosmosTestServer} has, for who is not in its process. No key is asked for. */
export class ControlEndpoint {
  readonly #commands: Readonly<Record<string, Command>>;
  readonly #ends = new Map<number, () => void>();
  #lastFault = 0;

  constructor(server: CosmosTestServer) {
    const { faults, clock, requests, tokens, managedIdentity } = server;
    this.#commands = {
      'add-fault': (rule) => this.#addFault(faults.add(rule as unknown as FaultRule)),
      'remove-fault': ({ fault }) => this.#ends.get(fault as number)?.(),
      'clear-faults': () => faults.clear(),
      'set-replica-lag': ({ ms }) => faults.setReplicaLagMs(ms as number),
      'set-budget': ({ unitsPerSecond, ...path }) =>
        faults.setBudget(containerPath(path), (unitsPerSecond ?? undefined) as number | undefined),
      'advance-clock': ({ ms }) => clock.advance(ms as number),
      'stop-clock': () => clock.stop(),
      split: ({ rangeId, ...path }) => server.split(containerPath(path), rangeId as string | undefined),
      requests: () => requests.entries,
      'clear-requests': () => requests.clear(),
      'issue-token': ({ role }) => ({ token: tokens.issue(tokens.create(role as Role)) }),
      'revoke-tokens': () => tokens.revokeAll(),
      'set-identity-role': ({ role }) => managedIdentity.principal.setRole(role as Role),
    };
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const request = await IncomingRequest.read(message);
      const body = this.#run(request) ?? {};
      send(response, { status: 200, body, charge: 0 });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      send(response, { status: 400, body: { message: text }, charge: 0 });
    }
  }

  /** @throws ProtocolError, and whatever the switch throws for what it is given */
  #run(request: IncomingRequest): unknown {
    const [, name = ''] = request.segments;
    const command = this.#commands[name];
    if (command === undefined || request.method !== 'POST') {
      const names = Object.keys(this.#commands).join(', ');
      throw badRequest(`"${request.method} ${name}" is no command; POST one of ${names}.`);
    }
    const args = request.body.length === 0 ? {} : request.json();
    if (!isObject(args)) throw badRequest(`The body of ${name} is not an object.`);
    return command(args);
  }

  #addFault(end: () => void): { readonly fault: number } {
    this.#ends.set(++this.#lastFault, end);
    return { fault: this.#lastFault };
  }
}

function containerPath({ database, container }: Document): { database: string; container: string } {
  if (typeof database === 'string' && typeof container === 'string') return { database, container };
  throw badRequest('Name the container: { "database": "…", "container": "…" }.');
}
