import { expect, test } from 'vitest';
import { renderMarkdown } from '../../src/report/markdown.ts';
import { composeReport } from '../../src/report/audit-report.ts';
import { hostileReport, smallReport } from '../support/report.ts';

test('reads well in a terminal: columns in line, and no line beyond 110 characters', async () => {
  const text = renderMarkdown(await smallReport());
  const lines = text.split('\n');
  expect(lines.filter((line) => [...line].length > 110)).toEqual([]);
  const tables = text.match(/(?:^\|.*\n)+/gm) ?? [];
  expect(tables.length).toBeGreaterThanOrEqual(3);
  for (const table of tables) {
    const widths = new Set(
      table
        .trimEnd()
        .split('\n')
        .map((line) => [...line].length),
    );
    expect(widths.size, table).toBe(1);
  }
  expect(text).not.toMatch(/\n{3,}|undefined|\[object|NaN/);
});

test('has every part, the disagreements first', async () => {
  const text = renderMarkdown(await smallReport());
  const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual([
    'Needs a look',
    'Could not be read (1)',
    'Licences',
    'The licence is named, its text is not in the package (1)',
    'Packages that contain code under other licences (1)',
    'Smaller remarks (1)',
    'Copyright holders by licence',
    'All packages',
  ]);
  expect(text).toContain('The field says MIT, the text is ISC.');
  expect(text).toContain('+ for noncommercial use');
});

test('text from files does not become markup', async () => {
  const text = renderMarkdown(await hostileReport());
  const outside = text.replace(/```diff[^]*?```/g, '').replace(/(?<!\\)(`+)[^]*?\1/g, '');
  expect(outside).not.toMatch(/(?<!\\)<(?:script|img|svg|b|i)\b/);
  expect(outside).not.toMatch(/(?<!\\)\[x\]\(/);
  expect(outside).not.toMatch(/^# h/m);
});

test('nothing installed is said in a sentence', () => {
  const report = composeReport(
    {
      folder: '/x',
      startedAt: '2026-01-01T00:00:00.000Z',
      packages: [],
      groups: [],
      explanations: [],
      problems: [],
      failures: [],
    },
    '2026-01-01T00:00:01.000Z',
  );
  expect(renderMarkdown(report)).toBe(
    '# Licence audit\n\n`/x`, 2026-01-01 00:00 UTC, in 1.0 s.\n\nNo installed packages were found in this folder. Is there a `node_modules` in it?\n',
  );
});
