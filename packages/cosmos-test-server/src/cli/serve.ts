// A server in a process of its own: `node --import tsx serve.ts '{"https":true}'`. It prints one line of JSON, how
// to reach it, and ends on SIGTERM, SIGINT, or when its standard input does.
import { startCosmosTestServer } from '../index.js';
import type { CosmosTestServerOptions } from '../index.js';

const options = JSON.parse(process.argv[2] ?? '{}') as CosmosTestServerOptions;
const server = await startCosmosTestServer(options);
const { endpoint, key, ca, managedIdentity } = server;
console.log(JSON.stringify({ endpoint, key, ca, environment: managedIdentity.environment }));

const close = (): void => void server.close();
process.once('SIGTERM', close).once('SIGINT', close);
process.stdin.once('end', close).resume();
