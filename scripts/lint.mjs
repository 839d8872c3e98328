// `npm run lint`: every check but the tests.
import * as checks from './checks/steps.mjs';
import { bootstrap } from './lib/bootstrap.mjs';
import { step } from './lib/step.mjs';

if (!(await bootstrap())) process.exit(1);
let failures = 0;
for (const { name, work } of [
  checks.format,
  checks.types,
  checks.lint,
  checks.boundaries,
  checks.dependencies,
]) {
  if (!(await step(name, work))) failures += 1;
}
process.exit(failures === 0 ? 0 : 1);
