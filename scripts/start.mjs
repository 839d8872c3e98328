// `npm start -- ARGUMENTS`: builds Loom and runs examples/document-processing on it, as a user would.
import { buildPackages } from './build/build-packages.mjs';
import { bootstrap } from './lib/bootstrap.mjs';
import { show } from './lib/run.mjs';
import { onPublishedPackages } from './lib/typescript.mjs';

if (!((await bootstrap()) && (await buildPackages()))) process.exit(1);
const [args, env] = onPublishedPackages('examples/document-processing/src/main.ts', process.argv.slice(2));
process.exit(await show(process.execPath, args, env));
