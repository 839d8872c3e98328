// What a trace costs in Cosmos DB: requests, items, kilobytes and request units, for each task of one execution with
// a fan-out, and for a small execution. The server is that of the tests, whose request units are a model with the
// shape of the service's prices: 5 for each kilobyte that is created, so they say more about sizes than about money.
import { CosmosClient } from '@azure/cosmos';
import { startCosmosTestServer, type CosmosTestServer } from '@certoai/cosmos-test-server';
import type { ExecutionEvent } from '@certoai/loom-core';
import { cosmosContainers, createCosmosContainers } from '@certoai/loom-core/cosmos';
import { ExecutionTraceRecorder } from '@certoai/loom-observability';

/** Executions of `stages` stages with `tasks` tasks each. */
function executionEvents(number: number, stages: number, tasks: number): ExecutionEvent[] {
  const executionId = `01J9F00000000000000000${String(number).padStart(4, '0')}`;
  const events: ExecutionEvent[] = [{ type: 'execution:started', executionId, at: 1, name: 'bench' }];
  for (let stage = 0; stage < stages; stage++) {
    const place = { executionId, stage: `stage-${stage}` };
    events.push({ ...place, type: 'stage:started', at: 1, tasks });
    for (let index = 0; index < tasks; index++) {
      const task = { ...place, index, attempt: 1, token: 1, actor: 'worker' };
      events.push({ ...task, type: 'task:started', at: index + 1 });
      events.push({
        ...task,
        type: 'task:completed',
        at: index + 3,
        durationMs: 2,
        queuedMs: 1,
        worker: 'w-1',
      });
    }
    events.push({ ...place, type: 'stage:completed', at: tasks + 3, tasks, failed: 0 });
  }
  events.push({ type: 'execution:finished', executionId, at: tasks + 3, status: 'completed' });
  return events;
}

interface Cost {
  readonly writes: number;
  readonly reads: number;
  readonly requestUnits: number;
  readonly items: number;
  readonly kilobytes: number;
  readonly partitions: number;
}

async function costOf(
  server: CosmosTestServer,
  client: CosmosClient,
  executions: readonly (readonly ExecutionEvent[])[],
): Promise<Cost> {
  const database = `bench-${executions.length}-${executions[0]?.length}`;
  await createCosmosContainers(client, { database }, [cosmosContainers.spans, cosmosContainers.summaries]);
  await using recorder = new ExecutionTraceRecorder(client, { cosmos: { database } });
  // The look at the layout is done once in a process.
  await recorder.summary('nobody');
  await recorder.spans('nobody');
  server.requests.clear();
  for (const events of executions) for (const event of events) recorder.observe(event);
  await recorder.flush();
  const { entries } = server.requests;
  const lost = Object.entries(recorder.loss()).filter(([, count]) => count > 0);
  if (lost.length > 0)
    throw new Error(`Something was lost (${lost.join(' ')}), so the figures would be wrong.`);
  const { resources } = await client
    .database(database)
    .container(cosmosContainers.spans.name)
    .items.query<{ pk: string }>('SELECT * FROM c')
    .fetchAll();
  return {
    writes: entries.filter(({ operation }) => operation === 'create-item' || operation === 'upsert-item')
      .length,
    reads: entries.filter(({ operation }) => operation === 'query').length,
    requestUnits: entries.reduce((sum, { charge }) => sum + charge, 0),
    items: resources.length,
    kilobytes: Buffer.byteLength(JSON.stringify(resources)) / 1_000,
    partitions: new Set(resources.map(({ pk }) => pk)).size,
  };
}

const server = await startCosmosTestServer();
const client = new CosmosClient({ endpoint: server.endpoint, key: server.key });
for (const tasks of [1_000, 10_000]) {
  const cost = await costOf(server, client, [executionEvents(1, 1, tasks)]);
  console.log(
    `${tasks} tasks: ${cost.writes} writes and ${cost.reads} reads, ${cost.items} items of spans with ${cost.kilobytes.toFixed(0)} KB in ${cost.partitions} partition keys, ` +
      `${cost.requestUnits.toFixed(0)} RU; for each task ${(cost.writes / tasks).toFixed(4)} writes and ${(cost.requestUnits / tasks).toFixed(2)} RU`,
  );
}
const small = 200;
const cost = await costOf(
  server,
  client,
  Array.from({ length: small }, (_, number) => executionEvents(number, 5, 1)),
);
console.log(
  `${small} executions of 5 stages with a task each: for each of them ${(cost.writes / small).toFixed(2)} writes, ${(cost.reads / small).toFixed(2)} reads and ${(cost.requestUnits / small).toFixed(1)} RU`,
);
client.dispose();
await server.close();
