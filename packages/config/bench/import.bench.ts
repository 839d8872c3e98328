// How long the package takes to import and to load a configuration, each in a Node of its own. Budget: 60 ms to import.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const runs = 15;
const cwd = fileURLToPath(new URL('..', import.meta.url));

/** Median milliseconds of `work`, which may use `load`, the module called `name`. */
function measure(name: string, work = ''): number {
  const program = `
    const before = performance.now();
    const load = await import(${JSON.stringify(name)});
    ${work}
    process.stdout.write(String(performance.now() - before));`;
  const times = Array.from({ length: runs }, () => {
    const args = ['--input-type=module', '--eval', program];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', env: {} });
    if (status !== 0) throw new Error(stderr);
    return Number(stdout);
  });
  return times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? NaN;
}

const rows = {
  '@certoai/loom-config': measure('@certoai/loom-config'),
  '@certoai/loom-config/layered': measure('@certoai/loom-config/layered'),
  'the same and loadConfig(), environment only': measure(
    '@certoai/loom-config',
    `await load.loadConfig({ cwd: '/', env: {} });`,
  ),
  'the same and loadConfig(), YAML file': measure(
    '@certoai/loom-config',
    `await load.loadConfig('examples/loom.config.yaml', { env: { REDIS_PASSWORD: 'x' } });`,
  ),
  'for comparison: zod': measure('zod'),
  'for comparison: js-yaml': measure('js-yaml'),
};
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, median of ${runs}`,
);
for (const [name, ms] of Object.entries(rows)) console.log(`${ms.toFixed(1).padStart(7)} ms  ${name}`);
if (rows['@certoai/loom-config'] >= 60) process.exitCode = 1;
