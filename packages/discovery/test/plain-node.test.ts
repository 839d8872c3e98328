// The package in a Node without any loader, as its users run it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TempFolder } from './support/temp-folder.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const bare = new TempFolder();
const full = new TempFolder();

beforeAll(async () => {
  for (const [folder, dependencies] of [
    [bare, ['semver']],
    [full, ['semver', 'zod', 'js-yaml']],
  ] as const) {
    await build({
      entryPoints: {
        discovery: here('../src/index.ts'),
        memory: here('../../storage/src/memory/index.ts'),
      },
      outdir: folder.path,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      external: ['semver', 'zod', 'js-yaml'],
      alias: {
        '@certoai/loom-core/failures': here('../../core/src/failures/index.ts'),
        '@certoai/loom-core': here('../../core/src/index.ts'),
      },
    });
    mkdirSync(join(folder.path, 'node_modules'));
    for (const name of dependencies) {
      symlinkSync(here(`../node_modules/${name}`), join(folder.path, 'node_modules', name), 'dir');
    }
  }
});
afterAll(() => {
  for (const folder of [bare, full]) folder[Symbol.dispose]();
});

function run(folder: TempFolder, program: string): string {
  const file = folder.write('program.mjs', program);
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

test('importing it, finding and picking load neither zod nor js-yaml', () => {
  // They are not installed here, so an import of either would fail.
  const output = run(
    bare,
    `import * as discovery from './discovery.mjs';
     import { InMemoryInstanceRegistry } from './memory.mjs';
     console.log(Object.keys(discovery).join());
     const instances = new InMemoryInstanceRegistry();
     const found = new discovery.ServiceDiscovery({ instances });
     await instances.register({ id: 'a', worker: 'w', actors: [{ type: 'a', version: '1.0.0' }], status: 'ready', slots: { used: 0, total: 1 }, startedAt: 0 });
     console.log((await found.pick({ type: 'a', version: '^1' })).instance.id);`,
  );
  expect(output).toBe(
    'ActorConfigLoader,ActorMetadataSchema,ActorRegistry,ServiceDiscovery,agentCard,checkActorQuery,defineActorMetadata,hostedActor,mcpTools,newestVersion,parseActorMetadata,pickConsistently,planPreflight,selectActors\na\n',
  );
});

test('nothing keeps the process alive after close, and nothing is written to the console', () => {
  full.write('actors/a.yaml', 'type: a\nversion: 1.0.0\n');
  const output = run(
    full,
    `import { ActorConfigLoader, ServiceDiscovery } from './discovery.mjs';
     import { InMemoryInstanceRegistry } from './memory.mjs';
     import { writeFileSync } from 'node:fs';
     const loader = new ActorConfigLoader({ cwd: ${JSON.stringify(full.path)}, debounceMs: 60_000 });
     const { actors } = await loader.watch('actors');
     writeFileSync(${JSON.stringify(join(full.path, 'actors/a.yaml'))}, 'type: b\\nversion: 1.0.0\\n');
     await new Promise((resolve) => setTimeout(resolve, 50));
     const instances = new InMemoryInstanceRegistry({ leaseMs: 3_600_000 });
     const discovery = new ServiceDiscovery({ instances });
     await discovery.subscribe({}, () => {});
     await instances.register({ id: 'a', worker: 'w', actors, status: 'ready', slots: { used: 0, total: 1 }, startedAt: 0 });
     await discovery.close();
     await instances.close();
     await loader.close();`,
  );
  expect(output).toBe('');
});
