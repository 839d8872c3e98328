// `npm test`: everything a change must pass. The last line is the verdict.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPackages } from './build/build-packages.mjs';
import * as checks from './checks/steps.mjs';
import { bootstrap } from './lib/bootstrap.mjs';
import { closingLine } from './lib/closing-line.mjs';
import { tool } from './lib/paths.mjs';
import { childEnv, show } from './lib/run.mjs';
import { step } from './lib/step.mjs';

/** @param {{ readonly passed: number, readonly failed: number, readonly skipped: number }} totals */
function finish(totals) {
  console.log(closingLine(totals));
  process.exit(totals.failed === 0 ? 0 : 1);
}

if (!(await bootstrap())) finish({ passed: 0, failed: 1, skipped: 0 });

const failedSteps = [];
for (const { name, work } of [
  checks.format,
  checks.types,
  checks.lint,
  checks.boundaries,
  checks.dependencies,
]) {
  if (!(await step(name, work))) failedSteps.push(name);
}
if (!(await buildPackages())) failedSteps.push('building');

const folder = mkdtempSync(join(tmpdir(), 'loom-test-'));
const file = join(folder, 'totals.json');
const vitest = [
  tool('vitest/vitest.mjs'),
  'run',
  ...(process.env.COVERAGE ? ['--coverage'] : []),
  ...process.argv.slice(2),
];
const code = await show(process.execPath, vitest, { ...childEnv, LOOM_TEST_TOTALS: file });
const totals = readTotals();
rmSync(folder, { recursive: true, force: true });

if (failedSteps.length > 0) console.log(`Failed, see above: ${failedSteps.join(', ')}.`);
// A run that ended badly without a failed test (it crashed, or found no test) has failed all the same.
const failedTests = code !== 0 && totals.failed === 0 ? 1 : totals.failed;
finish({ ...totals, failed: failedTests + failedSteps.length });

/** @returns {{ passed: number, failed: number, skipped: number }} */
function readTotals() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
