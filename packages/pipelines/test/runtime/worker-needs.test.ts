// What a stage asks of workers, where there is no queue and so no other process.
import { ActorRegistry, ActorWorker } from '@certoai/loom-core';
import { InMemoryInstanceRegistry } from '@certoai/loom-storage/memory';
import { expect, test } from 'vitest';
import { PipelineOrchestrator, type DefinitionInput } from '../../src/index.js';

function registryWith(versions: Readonly<Record<string, string>>): ActorRegistry {
  const registry = new ActorRegistry();
  for (const [type, version] of Object.entries(versions))
    registry.register(type, () => `${type}@${version}`, { metadata: { version, capabilities: ['ocr'] } });
  return registry;
}

const one = (stage: object, pinVersions?: string): DefinitionInput => ({
  stages: [{ id: 's', ...stage }],
  pinVersions,
});

test('is found here, by version, capability and label', async () => {
  const registry = registryWith({ read: '1.2.3' });
  const worker = new ActorWorker('w', { registry, labels: { zone: 'west' } });
  await using orchestrator = new PipelineOrchestrator(undefined, registry, undefined, undefined, { worker });
  const stages = [
    { actor: 'read', workers: { version: '^1.2' } },
    { actor: 'read', workers: { labels: { zone: '${input}' } } },
    { actor: { capability: 'ocr' } },
    { actor: { rules: [{ when: 'input', actor: 'read' }] }, workers: { version: '1' } },
    { mode: 'broadcast', actors: [{ capability: ['ocr'] }] },
    { mode: 'fork-join', branches: { a: { actor: { capability: 'ocr' } } } },
  ];
  for (const stage of stages) {
    const { output } = await orchestrator.execute(one(stage), 'west');
    expect(JSON.stringify(output)).toContain('read@1.2.3');
  }
  await worker.close();
});

test('is refused at the start when nobody will ever have it, and nothing is stored', async () => {
  await using orchestrator = new PipelineOrchestrator(undefined, registryWith({ read: '1.2.3' }));
  const refusals: unknown[] = [];
  for (const stage of [
    { actor: 'read', workers: { version: '^2' } },
    { actor: 'read', workers: { labels: { zone: 'west' } } },
    { actor: { capability: 'fly' } },
    { actor: { capability: 'fly' }, workers: { version: '^2', labels: { zone: '${input}' } } },
  ]) {
    const refusal = await orchestrator.start(one(stage), 'west').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'LOOM_UNKNOWN_ACTOR' });
    refusals.push((refusal as Error).message);
  }
  expect(refusals).toMatchInlineSnapshot(`
    [
      "Nobody here runs actor "read" in version ^2. Actor type "read" is live in 1.2.3, and none of it has version ^2.",
      "Nobody here runs actor "read" with zone=west. Actor type "read" is live in 1.2.3, and none of it has label zone=west.",
      "Nobody here runs an actor with capability "fly". No live instance hosts an actor with capability fly; live are read.",
      "Nobody here runs an actor with capability "fly" in version ^2. No live instance hosts an actor with version ^2, capability fly; live are read.",
    ]
  `);
  expect((await orchestrator.executions.list()).items).toEqual([]);
});

test('waits for a registration that has it, when that cannot be known before', async () => {
  const registry = registryWith({ read: '1.2.3' });
  await using orchestrator = new PipelineOrchestrator(undefined, registry);
  const definition = one({ actor: '${input}', workers: { version: '^2' } });
  const handle = await orchestrator.start(definition, 'read');
  await new Promise((resolve) => setImmediate(resolve));
  expect(await orchestrator.executions.why(handle.id)).toMatchObject([
    { kind: 'no-worker', stage: 's', actor: 'read', tasks: 1 },
  ]);
  registry.register('read', () => 'new', { metadata: { version: '2.0.0' } });
  expect((await handle.result()).output).toBe('new');
});

test('keeps an execution with the version it was started with, also after the type was registered anew', async () => {
  const registry = registryWith({ read: '1.2.3' });
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  registry.register('hold', () => held, { metadata: { version: '1.0.0' } });
  await using orchestrator = new PipelineOrchestrator(undefined, registry);
  const stages = [
    { id: 'a', actor: 'hold' },
    { id: 'b', actor: 'read' },
  ];
  const handles = await Promise.all(
    ['exact', 'major'].map((pinVersions) => orchestrator.start({ stages, pinVersions }, 1)),
  );
  registry.register('read', () => 'read@1.3.0', { metadata: { version: '1.3.0' } });
  letGo();
  expect((await handles[1]?.result())?.output).toBe('read@1.3.0');
  const id = handles[0]?.id ?? '';
  expect(await orchestrator.executions.why(id)).toMatchObject([
    { kind: 'no-worker', message: expect.stringContaining('in version 1.2.3') as string },
  ]);
  registry.register('read', () => 'back', { metadata: { version: '1.2.3' } });
  expect((await handles[0]?.result())?.output).toBe('back');
});

test('warns at the start of what no live worker has now', async () => {
  await using instances = new InMemoryInstanceRegistry();
  const { InMemoryMessageQueue } = await import('@certoai/loom-storage/memory');
  await using queue = new InMemoryMessageQueue();
  const warnings: unknown[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (message: string, fields?: object) => void warnings.push([message, fields]),
    error() {},
    child: () => logger,
  };
  await using orchestrator = new PipelineOrchestrator(queue, registryWith({}), undefined, undefined, {
    instances,
    logger,
  });
  const definition = {
    stages: [
      { id: 'a', actor: { capability: 'fly' } },
      { id: 'b', actor: 'plain' },
    ],
  };
  const { id } = await orchestrator.start(definition, 1);
  await expect
    .poll(() => warnings.filter((line) => JSON.stringify(line).includes('No live worker')))
    .toEqual([
      [expect.any(String), { executionId: id, actor: 'plain', why: expect.stringContaining('"plain"') }],
      [
        expect.any(String),
        { executionId: id, actor: undefined, why: expect.stringContaining('capability fly') },
      ],
    ]);
});
