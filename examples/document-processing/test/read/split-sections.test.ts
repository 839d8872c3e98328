import { expect, test } from 'vitest';
import { linesOf, splitSections } from '../../src/read/split-sections.ts';
import { licences, licenceText, shipped } from '../support/spdx.ts';

const heading = (text: string): string[] => splitSections(text).map((section) => section.heading);
const bundled = (text: string): boolean[] => splitSections(text).map((section) => section.bundled);

test('one licence is one section, from the first line to the last', () => {
  const text = `The MIT License (MIT)\n\n${shipped('MIT')}`;
  expect(splitSections(text)).toEqual([
    { from: 1, to: text.trimEnd().split('\n').length, heading: 'The MIT License (MIT)', bundled: false },
  ]);
});

test('no text, no sections', () => {
  expect(splitSections('')).toEqual([]);
  expect(splitSections('\n \n---\n')).toHaveLength(1);
});

test('two licences to choose from are two sections', () => {
  const text = `This software is dual-licensed.\n\n-----\n\nThe ISC License\n\n${shipped('ISC')}\n\n-----\n\n${shipped('MIT')}`;
  const sections = splitSections(text);
  expect(sections).toHaveLength(2);
  expect(sections.map(({ bundled: elsewhere }) => elsewhere)).toEqual([false, false]);
  expect(linesOf(text, sections[1] ?? { from: 0, to: 0 })).toContain(
    'Permission is hereby granted, free of charge',
  );
  expect(linesOf(text, sections[1] ?? { from: 0, to: 0 })).toMatch(/^Copyright/);
});

test('sections follow each other without gaps that hold text, and never overlap', () => {
  for (const [id, { licenseText }] of Object.entries(licences)) {
    const lines = licenseText.split('\n');
    let last = 0;
    for (const { from, to } of splitSections(licenseText)) {
      expect(from, id).toBeGreaterThan(last);
      expect(
        lines
          .slice(last, from - 1)
          .join('')
          .replaceAll(/[-=*_~#\s>/|;"'`•–+]/g, ''),
        id,
      ).toBe('');
      last = to;
    }
  }
});

test('a licence that quotes the beginning of another stays whole where it should', () => {
  for (const id of [
    'Apache-2.0',
    'MPL-2.0',
    'GPL-2.0-only',
    'AGPL-3.0-only',
    'WTFPL',
    'AFL-2.1',
    'CC0-1.0',
    'EPL-2.0',
    'Zlib',
  ]) {
    expect(splitSections(licenceText(id)), id).toHaveLength(1);
  }
});

test('what is listed below "bundled dependencies" is not the own licence', () => {
  const quoted = shipped('MIT').replaceAll(/^/gm, '> ');
  const text = `# Core license\nReleased under MIT:\n\n${shipped('MIT')}\n\n# Licenses of bundled dependencies\nThe artifact additionally contains:\n\n## left-pad\nLicense: MIT\n\n${quoted}\n\n----------\n\n## right-pad\n\n${shipped('ISC')}`;
  expect(bundled(text)).toEqual([false, true, true]);
  expect(heading(text)).toEqual(['Core license', 'left-pad', 'right-pad']);
});

test('a lead-in that names a source marks its section only', () => {
  const text = `${shipped('MIT')}\n\n---\n\nColor support is based on https://example.com/colors\n\n${shipped('MIT')}\n\n---\n\n${shipped('ISC')}`;
  expect(bundled(text)).toEqual([false, true, false]);
});

test('a third-party file is bundled from its first line', () => {
  expect(bundled(`Third-party notices\n\nThe following licences apply.\n\n${shipped('MIT')}`)).toEqual([
    true,
  ]);
});

test('an underlined name is a heading, dashes on their own divide', () => {
  const text = `bcrypt.js\n---------\n${shipped('BSD-3-Clause')}\n\nisaac.js\n--------\n${shipped('MIT')}`;
  expect(heading(text)).toEqual(['bcrypt.js', 'isaac.js']);
});

test('a Markdown heading ends the walk upwards', () => {
  const text = `## WTFPL\n\n${licenceText('WTFPL')}\n\n## ISC\n\n${shipped('ISC')}`;
  const [, second] = splitSections(text);
  expect(linesOf(text, second ?? { from: 0, to: 0 })).toMatch(/^## ISC/);
});

test('line numbers hold with Windows line ends', () => {
  const text = `${shipped('ISC')}\n\n---\n\n${shipped('MIT')}`;
  expect(splitSections(text.replaceAll('\n', '\r\n'))).toEqual(splitSections(text));
});

test('takes a long hostile file in linear time', () => {
  splitSections('permission is hereby granted, free of charge, to any person\n\n'.repeat(5_000));
  splitSections(`${'-'.repeat(100_000)}\n${'*'.repeat(100_000)}\n${'# '.repeat(50_000)}`);
  // What is not linear runs into the timeout of the test.
});
