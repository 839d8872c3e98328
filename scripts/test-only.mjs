// `npm run test:only -- ARGUMENTS`: the tests alone, on sources; the arguments are Vitest's.
import { bootstrap } from './lib/bootstrap.mjs';
import { tool } from './lib/paths.mjs';
import { show } from './lib/run.mjs';

const ready = await bootstrap();
process.exit(
  ready ? await show(process.execPath, [tool('vitest/vitest.mjs'), 'run', ...process.argv.slice(2)]) : 1,
);
