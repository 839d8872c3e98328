// `npm run build`: what is published, in every package's dist.
import { buildPackages } from './build/build-packages.mjs';
import { bootstrap } from './lib/bootstrap.mjs';

process.exit((await bootstrap()) && (await buildPackages()) ? 0 : 1);
