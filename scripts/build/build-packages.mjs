// Builds what changed: JavaScript by tsup, declarations by the native TypeScript, then the package's own `postbuild`.
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exclusive } from '../lib/exclusive.mjs';
import { filesBelow, hashFiles, readStamp, writeStamp } from '../lib/hash.mjs';
import { publishedPackages } from '../lib/packages.mjs';
import { root, tool } from '../lib/paths.mjs';
import { capture, childEnv } from '../lib/run.mjs';
import { step } from '../lib/step.mjs';
import { outputsOf } from './entries.mjs';
import { buildJavaScript } from './javascript.mjs';
import { overBudget } from './size-budgets.mjs';

/** @typedef {import('../lib/packages.mjs').Package} Package */

/** @returns {Promise<boolean>} whether every package is built, and within its size budget */
export function buildPackages() {
  return exclusive(async () => {
    const packages = publishedPackages().map((built) => ({ built, hash: sourceHash(built) }));
    const stale = packages.filter(
      ({ built, hash }) => readStamp(`build-${built.folder}`) !== hash || missingOutputs(built).length > 0,
    );
    if (stale.length === 0) return true;
    return step('building', async () => {
      const result = await build(stale.map(({ built }) => built));
      if (!result.ok) return result;
      for (const { built, hash } of stale) writeStamp(`build-${built.folder}`, hash);
      return result;
    });
  });
}

/** @param {readonly Package[]} stale */
async function build(stale) {
  for (const { path } of stale) {
    rmSync(join(path, 'dist'), { recursive: true, force: true });
    rmSync(join(path, 'node_modules/.cache/loom'), { recursive: true, force: true });
    copyFileSync(join(root, 'LICENSE'), join(path, 'LICENSE'));
  }
  const projects = publishedPackages().map(({ path }) => join(path, 'tsconfig.build.json'));
  const declarations = capture(process.execPath, [tool('typescript7/bin/tsc'), '-b', ...projects]);
  const failures = [];
  for (const built of stale) {
    await buildJavaScript(built).catch((error) =>
      failures.push(`${built.manifest.name}: ${describe(error)}`),
    );
  }
  const { ok, output } = await declarations;
  if (!ok) failures.push(output);
  if (failures.length === 0) failures.push(...(await postbuild(stale)));
  if (failures.length === 0)
    failures.push(...stale.flatMap(missingOutputs), ...(await overBudget(publishedPackages())));
  return { ok: failures.length === 0, output: failures.join('\n') };
}

/**
 * What only a package itself knows how to make, such as a JSON schema from its own code.
 *
 * @param {readonly Package[]} stale
 */
async function postbuild(stale) {
  const failures = [];
  for (const { path, manifest } of stale) {
    const command = manifest.scripts?.postbuild;
    if (command === undefined) continue;
    const [shell, flag] = process.platform === 'win32' ? ['cmd', '/c'] : ['sh', '-c'];
    const { ok, output } = await capture(shell, [flag, command], { cwd: path, env: childEnv });
    if (!ok) failures.push(`${manifest.name}: ${command}\n${output}`);
  }
  return failures;
}

/** @param {Package} built */
function sourceHash({ path }) {
  const notSource = [
    'node_modules',
    'dist',
    'test',
    'bench',
    'examples',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ];
  const own = filesBelow(path, notSource).filter((file) => !file.endsWith('.schema.json'));
  const shared = ['LICENSE', 'pnpm-lock.yaml', 'tsconfig.json', 'packages/tsconfig.build.json'];
  return hashFiles([
    ...own,
    ...shared.map((name) => join(root, name)),
    ...filesBelow(join(root, 'scripts/build')),
  ]);
}

/** @param {Package} built */
function missingOutputs({ path, manifest }) {
  return outputsOf(manifest)
    .filter((file) => !existsSync(join(path, file)))
    .map((file) => `${manifest.name}: its package.json names ${file}, which the build did not make.`);
}

/** @param {unknown} error */
function describe(error) {
  return error instanceof Error ? error.message : String(error);
}
