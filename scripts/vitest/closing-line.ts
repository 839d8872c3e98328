// The last line of a test run: `N passed, N failed`, with `, N skipped` when there are any.
import { writeFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';
import { closingLine } from '../lib/closing-line.mjs';

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const totals = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) totals[stateOf(test.result().state)] += 1;
      // A file that does not load, and a suite whose hook throws, hold no failed test and have failed all the same.
      const failedTests = tests.some((test) => test.result().state === 'failed');
      if (module.state() === 'failed' && !failedTests) totals.failed += 1;
    }
    const file = process.env.LOOM_TEST_TOTALS;
    if (file) writeFileSync(file, JSON.stringify(totals));
    else process.on('exit', () => console.log(closingLine(totals)));
  }
}

/** A test that never finished (the run was cut short) did not pass. */
function stateOf(state: 'passed' | 'failed' | 'skipped' | 'pending'): 'passed' | 'failed' | 'skipped' {
  return state === 'pending' ? 'failed' : state;
}
