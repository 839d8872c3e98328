// `npm run bench -- NAMES`: every packages/*/bench/*.bench.ts in turn, each in a process of its own.
// A name selects the files whose path has it: `npm run bench -- core` or `npm run bench -- throughput`.
import { relative } from 'node:path';
import { buildPackages } from './build/build-packages.mjs';
import { bootstrap } from './lib/bootstrap.mjs';
import { filesBelow } from './lib/hash.mjs';
import { publishedPackages } from './lib/packages.mjs';
import { root } from './lib/paths.mjs';
import { show } from './lib/run.mjs';
import { onPublishedPackages } from './lib/typescript.mjs';

if (!((await bootstrap()) && (await buildPackages()))) process.exit(1);
const names = process.argv.slice(2);
const programs = publishedPackages()
  .flatMap(({ path }) => filesBelow(`${path}/bench`))
  .map((file) => relative(root, file))
  .filter(
    (file) => file.endsWith('.bench.ts') && (names.length === 0 || names.some((name) => file.includes(name))),
  );
if (programs.length === 0)
  console.error(`No benchmark${names.length > 0 ? ` has "${names.join('" or "')}" in its path` : ''}.`);
let failures = programs.length === 0 ? 1 : 0;
for (const program of programs) {
  console.log(`\n${program}`);
  const [args, env] = onPublishedPackages(program, []);
  if ((await show(process.execPath, args, env)) !== 0) failures += 1;
}
process.exit(failures === 0 ? 0 : 1);
