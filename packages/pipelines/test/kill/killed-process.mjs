// A process that gets killed: starts its executions, or finds them started, and waits until all are done.
// Runs on what was built, as a user's process would. Arguments: store folder, effect service, executions.
import { Loom } from '@certoai/loom-pipelines';

const [path, service, count] = process.argv.slice(2);

/** An outside effect: the service applies each key once, however often it is asked. */
async function effect(value, { idempotencyKey }) {
  const response = await fetch(`${service}/${encodeURIComponent(idempotencyKey)}`, { method: 'POST' });
  if (!response.ok) throw new Error(`effect service answered ${response.status}`);
  return value;
}

const definition = {
  name: 'killed',
  stages: [
    { id: 'first', actor: 'effect' },
    {
      id: 'each',
      mode: 'scatter',
      scatter: { over: 'input.items', as: 'n', concurrency: 4 },
      actor: 'flaky',
      input: '${n}',
      retry: { maxAttempts: 3, backoff: 'fixed', initialDelayMs: 5, jitter: false },
    },
    {
      id: 'groups',
      mode: 'map-reduce',
      dependsOn: ['each'],
      mapReduce: { over: 'stages.each.output', as: 'n', map: 'bucket', reduce: 'sum', groupBy: 'odd' },
    },
    { id: 'last', actor: 'effect' },
  ],
};

const loom = new Loom({ embedded: { path } });
loom.registerActor('effect', effect);
loom.registerActor('flaky', async (n, context) => {
  if (context.attempt === 1 && n % 3 === 0) throw new Error('first attempt fails');
  return effect(n * 2, context);
});
loom.registerActor('bucket', async (n, context) => effect({ odd: (n / 2) % 2 === 1, n }, context));
loom.registerActor('sum', async ({ key, items }, context) =>
  effect({ odd: key, sum: items.reduce((sum, { n }) => sum + n, 0) }, context),
);

const runs = Array.from({ length: Number(count) }, (_, run) => {
  const items = Array.from({ length: run % 7 }, (__, n) => run + n);
  return loom.startPipeline(definition, { run, items }, { idempotencyKey: `run-${run}` });
});
for (const handle of await Promise.all(runs)) await handle.result();
await loom.close();
