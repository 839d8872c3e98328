import { fileURLToPath } from 'node:url';
import { ActorConfigLoader, hostedActor, mcpTools, ServiceDiscovery } from '@certoai/loom-discovery';
import { InMemoryInstanceRegistry } from '@certoai/loom-storage/memory';

// What there is: metadata from files.
await using loader = new ActorConfigLoader({ cwd: fileURLToPath(new URL('.', import.meta.url)), env: {} });
const actors = await loader.load('actors.yaml');
console.log(actors.map(({ type, version, limits }) => `${type}@${version} ${limits?.concurrency ?? ''}`));

// Who is alive. An ActorWorker makes itself known when it starts; here it is done by hand.
await using instances = new InMemoryInstanceRegistry({ leaseMs: 15_000 });
for (const [id, zone] of Object.entries({ 'pod-1': 'west', 'pod-2': 'east' })) {
  await instances.register({
    id,
    worker: 'documents',
    actors: actors.map(hostedActor),
    labels: { zone },
    status: 'ready',
    slots: { used: 0, total: 4 },
    startedAt: Date.now(),
  });
}
await instances.heartbeat('pod-1', { slots: { used: 3, total: 4 } });

// Who can do it: by ability instead of by name, then one of them.
await using discovery = new ServiceDiscovery({ instances });
const found = await discovery.find({ capability: 'ocr', version: '^1', labels: { zone: 'west' } });
console.log(found.map(({ instance, actor }) => `${actor.type} on ${instance.id}`));
const picked = await discovery.pick({ capability: 'ocr' }, { by: 'least-loaded' });
console.log(picked?.instance.id);

// Before a pipeline starts: is everybody there?
const { missing } = await discovery.preflight(['invoice-reader', 'mailr']);
console.log(missing.map(({ message }) => message));

// For other agents: the same metadata as a list of MCP tools.
console.log(mcpTools(actors).map(({ name, description }) => ({ name, description })));
