// The package in a Node without any loader, as its users run it.
import { beforeAll, afterAll, expect, test } from 'vitest';
import { compileInto, runInNode } from './support/plain-node.js';
import { TempFolder } from './support/temp-folder.js';

const bare = new TempFolder();
const withZod = new TempFolder();
const folder = new TempFolder();
beforeAll(() => {
  compileInto(bare, []);
  compileInto(withZod, ['zod']);
  compileInto(folder, ['zod', 'js-yaml']);
});
afterAll(() => {
  for (const one of [bare, withZod, folder]) one[Symbol.dispose]();
});

test('importing it loads neither zod nor js-yaml', () => {
  // They are not installed here, so an import of either would fail.
  expect(runInNode(bare, `console.log(Object.keys(await import('./package/index.js')).join())`)).toBe(
    'ConfigError,ConfigSchema,defineConfig,describeSettings,formatExplanation,isConfigError,loadConfig,resolveConfig\n',
  );
  expect(runInNode(bare, `console.log(Object.keys(await import('./package/layered/index.js')).join())`)).toBe(
    'LayeredConfig\n',
  );
});

test('a configuration without a YAML or JSON file loads no parser', () => {
  withZod.write('loom.config.mjs', 'export default { worker: { concurrency: 7 } }');
  const program = `import { loadConfig } from './package/index.js';
    console.log((await loadConfig({ env: {} })).worker.concurrency);`;
  expect(runInNode(withZod, program)).toBe('7\n');
});

test('a TypeScript file is imported where Node can, and refused with advice where it cannot', () => {
  folder.write('typed/loom.config.ts', 'export default { worker: { name: "typed" satisfies string } };');
  const output = runInNode(
    folder,
    `import { loadConfig } from './package/index.js';
     const config = await loadConfig('typed/loom.config.ts', { env: {} }).catch((error) => error);
     console.log(process.features.typescript ? config.worker.name : config.message);`,
  );
  expect(output).toMatch(/^typed\n|is TypeScript, which Node v\S+ does not import by itself/m);
});

test('a syntax error shows no source, and says how to see it', () => {
  folder.write('broken/loom.config.mjs', 'export default {\n  redis: { password: "hunter2" oops },\n};\n');
  const output = runInNode(
    folder,
    `import { inspect } from 'node:util';
     import { loadConfig } from './package/index.js';
     const error = await loadConfig('broken/loom.config.mjs', { env: {} }).catch((error) => error);
     console.log(error.message);
     console.log(/hunter2|oops/.test(inspect(error, { depth: 9, showHidden: true })));`,
  );
  expect(output).toBe(
    `broken/loom.config.mjs is not valid code. To see where, run: node --check ${folder.path}/broken/loom.config.mjs\nfalse\n`,
  );
});

test('ConfigSchema is a zod schema before anything else was loaded', () => {
  const output = runInNode(
    folder,
    `import { ConfigSchema } from './package/index.js';
     console.log(ConfigSchema.safeParse({ worker: { concurrency: 0 } }).success);
     const { z } = await import('./package/node_modules/zod/index.js');
     console.log(ConfigSchema instanceof z.ZodObject, z.object({ loom: ConfigSchema }).safeParse({ loom: {} }).success);`,
  );
  expect(output).toBe('false\ntrue true\n');
});
