import { expect, test } from 'vitest';
import { composeReport } from '../../src/report/audit-report.ts';
import { smallReport } from '../support/report.ts';

test('counts packages by what was found', async () => {
  const { summary, categories } = await smallReport();
  expect(summary).toEqual({
    packages: 10,
    distinct: 9,
    licences: 6,
    holders: 1,
    agreeing: 5,
    disagreeing: 1,
    unknown: 3,
    withoutText: 1,
    failures: 1,
  });
  expect(categories).toEqual([
    { category: 'permissive', packages: 8 },
    { category: 'unknown', packages: 2 },
  ]);
});

test('what a person should look at comes first, the most serious before the rest', async () => {
  const { findings } = await smallReport();
  expect(findings.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['differs', 'differs'],
    ['changed', 'custom'],
    ['none', 'nothing'],
    ['broken', 'not-declared'],
  ]);
  expect(findings[1]?.explanations[0]?.differences).toEqual([
    { missing: '', added: 'for noncommercial use' },
  ]);
});

test('a package that is installed twice is one row with two folders', async () => {
  const { packages } = await smallReport();
  expect(packages.filter(({ name }) => name === 'copy').map(({ folders }) => folders)).toEqual([
    ['node_modules/agrees/node_modules/copy', 'node_modules/copy'],
  ]);
});

test('groups bring holders and years together', async () => {
  const { groups } = await smallReport();
  expect(groups[0]).toMatchObject({
    licence: 'MIT',
    names: ['MIT License'],
    osiApproved: true,
    packages: 4,
    verdicts: { agrees: 4 },
    holders: [{ holder: 'Ada Lovelace', years: '2011–2014, 2019', packages: 4 }],
    sample: expect.stringMatching(/LICENSE$/),
  });
});

test('two audits of the same files are equal', async () => {
  const [first, second] = [await smallReport(), await smallReport()];
  expect({ ...first, folder: '' }).toEqual({ ...second, folder: '' });
});

test('a clock that went back gives no negative time', () => {
  const input = {
    folder: '/x',
    startedAt: '2026-01-01T00:00:10.000Z',
    packages: [],
    groups: [],
    explanations: [],
    problems: [],
    failures: ['without a colon'],
  };
  expect(composeReport(input, '2026-01-01T00:00:00.000Z')).toMatchObject({
    durationMs: 0,
    failures: [{ where: '', reason: 'without a colon' }],
  });
});
