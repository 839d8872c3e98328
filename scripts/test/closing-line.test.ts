import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheFolder, root, tool } from '../lib/paths.mjs';
import { capture, childEnv } from '../lib/run.mjs';

let folder: string;

beforeAll(() => {
  // Below node_modules' owner, so that the tests written here find vitest.
  mkdirSync(cacheFolder, { recursive: true });
  folder = mkdtempSync(join(root, 'node_modules/.cache/loom/closing-line-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs these files' tests with the reporter of this repository. */
async function run(
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<{ ok: boolean; last: string }> {
  const project = join(folder, name);
  mkdirSync(project);
  const reporter = JSON.stringify(join(root, 'scripts/vitest/closing-line.ts'));
  writeFileSync(
    join(project, 'vitest.config.ts'),
    `import { ClosingLine } from ${reporter};
     export default { root: ${JSON.stringify(project)}, test: { include: ['*.test.ts'], exclude: [], reporters: ['default', new ClosingLine()] } };`,
  );
  for (const [file, text] of Object.entries(files)) writeFileSync(join(project, file), text);
  const { LOOM_TEST_TOTALS: _, ...env } = childEnv as NodeJS.ProcessEnv;
  const args = [tool('vitest/vitest.mjs'), 'run', '--config', join(project, 'vitest.config.ts')];
  const { ok, output } = await capture(process.execPath, args, { cwd: project, env });
  return { ok, last: output.trimEnd().split('\n').at(-1) ?? '' };
}

const head = `import { beforeAll, describe, expect, test } from 'vitest';`;
const passing = `${head} test('a', () => { expect(1).toBe(1); });`;

test('counts what passed, failed and was skipped', async () => {
  const mixed = `${head} test('b', () => { expect(1).toBe(2); }); test.skip('c', () => {}); test.todo('d');`;
  expect(await run('mixed', { 'a.test.ts': passing, 'b.test.ts': mixed })).toEqual({
    ok: false,
    last: '1 passed, 1 failed, 2 skipped',
  });
});

test('leaves out what was not skipped', async () => {
  expect(await run('green', { 'a.test.ts': passing })).toEqual({ ok: true, last: '1 passed, 0 failed' });
});

test('counts a file that does not load as a failure', async () => {
  const broken = `throw new Error('no database');`;
  expect(await run('broken', { 'a.test.ts': passing, 'b.test.ts': broken })).toEqual({
    ok: false,
    last: '1 passed, 1 failed',
  });
});

test('counts a hook that throws, and an error nobody caught', async () => {
  const hook = `${head} describe('x', () => { beforeAll(() => { throw new Error('x'); }); test('b', () => {}); });`;
  const uncaught = `${head} test('c', async () => { void Promise.reject(new Error('y')); await new Promise((r) => setTimeout(r, 20)); });`;
  const { ok, last } = await run('hooks', { 'b.test.ts': hook, 'c.test.ts': uncaught });
  expect(ok).toBe(false);
  expect(last).toMatch(/^1 passed, 2 failed(, 1 skipped)?$/);
});
