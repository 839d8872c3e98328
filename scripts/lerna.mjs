// `npm run lerna -- ARGUMENTS`: Lerna on what is built now, with the pinned pnpm, which it calls.
// A release is `npm run lerna -- version minor`, then `npm run lerna -- publish from-package --registry URL`.
import { buildPackages } from './build/build-packages.mjs';
import { bootstrap } from './lib/bootstrap.mjs';
import { tool } from './lib/paths.mjs';
import { withPnpmOnPath } from './lib/pnpm.mjs';
import { show } from './lib/run.mjs';

if (!((await bootstrap()) && (await buildPackages()))) process.exit(1);
const [command, args] = await withPnpmOnPath([
  process.execPath,
  tool('lerna/dist/cli.js'),
  ...process.argv.slice(2),
]);
process.exit(await show(command, args));
