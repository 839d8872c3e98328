// What the checks of the public contract run against: the test server with one and with several physical
// partitions, or, unchanged, the real account at COSMOS_ENDPOINT (with COSMOS_KEY, else DefaultAzureCredential).
import { CosmosClient, PartitionKeyDefinitionVersion, PartitionKeyKind } from '@azure/cosmos';
import type {
  Container,
  ContainerRequest,
  CosmosClientOptions,
  Database,
  PartitionKeyDefinition,
} from '@azure/cosmos';
import { DefaultAzureCredential } from '@azure/identity';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe } from 'vitest';
import type { TestContext } from 'vitest';
import { startCosmosTestServer } from '../../src/index.js';
import type { CosmosTestServer } from '../../src/index.js';

const { COSMOS_ENDPOINT, COSMOS_KEY, COSMOS_DATABASE = 'contract-checks' } = process.env;

/** Partitions of a test server, or the account. */
type Kind = { readonly name: string; readonly partitions: number | undefined };
const kinds: readonly Kind[] = COSMOS_ENDPOINT
  ? [{ name: 'the account at COSMOS_ENDPOINT', partitions: undefined }]
  : [
      { name: 'one physical partition', partitions: 1 },
      { name: 'four physical partitions', partitions: 4 },
    ];

/** Runs the checks of one area against each target. */
export function describeContract(area: string, define: (target: Target) => void): void {
  describe.each(kinds)('$name', ({ partitions }) => {
    const target = new Target(area, partitions);
    beforeAll(() => target.open());
    afterAll(() => target.close());
    define(target);
  });
}

/** A partition key definition as every container here has it. */
export function keyOn(...paths: readonly string[]): PartitionKeyDefinition {
  return {
    paths: [...paths],
    kind: paths.length > 1 ? PartitionKeyKind.MultiHash : PartitionKeyKind.Hash,
    version: PartitionKeyDefinitionVersion.V2,
  };
}

/** A partition key, id or mark that nothing had before: containers of an account may live on. */
export function fresh(): string {
  return randomUUID();
}

/** How an operation was refused. */
export async function refusal(
  work: Promise<unknown>,
): Promise<{ readonly code: unknown; readonly substatus: unknown }> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error as { code?: unknown; substatus?: unknown },
  );
  if (outcome === undefined) throw new Error('The operation was not refused.');
  if (outcome.code === undefined) throw outcome;
  return { code: outcome.code, substatus: outcome.substatus };
}

export class Target {
  readonly #area: string;
  readonly #partitions: number | undefined;
  readonly #created: Container[] = [];
  #server: CosmosTestServer | undefined;
  #client: CosmosClient | undefined;
  #database: Database | undefined;

  constructor(area: string, partitions: number | undefined) {
    this.#area = area;
    this.#partitions = partitions;
  }

  async open(): Promise<void> {
    if (this.#partitions !== undefined)
      this.#server = await startCosmosTestServer({ partitions: this.#partitions });
    this.#client = this.newClient();
    const { database } = await this.#client.databases.createIfNotExists({ id: COSMOS_DATABASE });
    this.#database = database;
  }

  /** Containers that were made here are deleted again; with a bearer token they have to exist, and stay. */
  async close(): Promise<void> {
    if (this.#server === undefined && COSMOS_KEY) {
      await Promise.allSettled(this.#created.map((container) => container.delete()));
    }
    this.#client?.dispose();
    await this.#server?.close();
  }

  get database(): Database {
    return this.#database as Database;
  }

  get client(): CosmosClient {
    return this.#client as CosmosClient;
  }

  /** Another client of the same account, with its own session. */
  newClient(options: Partial<CosmosClientOptions> = {}): CosmosClient {
    const place = this.#server ?? { endpoint: COSMOS_ENDPOINT as string, key: COSMOS_KEY };
    const access = place.key ? { key: place.key } : { aadCredentials: new DefaultAzureCredential() };
    return new CosmosClient({
      endpoint: place.endpoint,
      ...access,
      consistencyLevel: 'Session',
      ...options,
    });
  }

  /** @param definition - its id is completed by the area. @default a container with the key `/pk` */
  async container(definition: Partial<ContainerRequest> = {}): Promise<Container> {
    const id = [this.#area, definition.id].filter(Boolean).join('-');
    const { container } = await this.database.containers.createIfNotExists({
      partitionKey: keyOn('/pk'),
      ...definition,
      id,
    });
    this.#created.push(container);
    return container;
  }

  /** Lets time pass: moves the clock of the test server, or really waits. */
  async elapse(ms: number): Promise<void> {
    if (this.#server) this.#server.clock.advance(ms);
    else await wait(ms);
  }

  /** The test server, for what only its switches can bring about; skips the check on an account. */
  needServer(context: TestContext): CosmosTestServer {
    if (this.#server) return this.#server;
    context.skip('needs a switch that only the test server has');
    throw new Error('A skipped check does not go on.');
  }

  /** Skips on an account that bearer tokens are used with: they may not manage databases and containers. */
  needManagement(context: TestContext): void {
    if (this.#server === undefined && !COSMOS_KEY)
      context.skip('needs COSMOS_KEY: bearer tokens may not manage databases and containers');
  }
}
