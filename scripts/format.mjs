// `npm run format`: writes every file in the one format. Arguments: the paths to format.
import { bootstrap } from './lib/bootstrap.mjs';
import { tool } from './lib/paths.mjs';
import { show } from './lib/run.mjs';

const paths = process.argv.length > 2 ? process.argv.slice(2) : ['.'];
process.exit((await bootstrap()) ? await show(process.execPath, [tool('oxfmt/bin/oxfmt'), ...paths]) : 1);
