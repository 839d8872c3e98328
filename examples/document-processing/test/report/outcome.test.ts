import { expect, test } from 'vitest';
import { renderOutcome } from '../../src/report/outcome.ts';
import { smallReport } from '../support/report.ts';

const files = {
  html: '/x/loom-report/licences.html',
  markdown: '/x/loom-report/licences.md',
  json: '/x/loom-report/licences.json',
};

test('ends with the sum, what is odd, and where the reports are', async () => {
  const report = await smallReport();
  const text = renderOutcome(
    { summary: report.summary, findings: report.findings, files },
    (file) => file.slice(3),
    120,
  );
  expect(text).toBe(`
10 packages, 6 licences, 1 copyright holder.
Field and text agree for 5; disagree for 1; 3 custom, undeclared or without licence; 1 without the text.
1 file could not be read; the report says which and why.

  differs@1.0.0                      field MIT, text ISC
  changed@1.0.0                      field MIT, custom or unknown text
  none@1.0.0                         no field, no licence found
  broken                             no field, text ISC

Reports:
  loom-report/licences.html
  loom-report/licences.md
  loom-report/licences.json
`);
});

test('stays within a narrow terminal', async () => {
  const report = await smallReport();
  const text = renderOutcome(
    { summary: report.summary, findings: report.findings, files },
    (file) => file.slice(3),
    30,
  );
  expect(text.split('\n').filter((line) => line.length > 30)).toEqual([]);
  expect(text).toContain('  differs@1.0.0\n    field MIT, text ISC\n');
});
