import { expect, test } from 'vitest';
import { readmeSections } from '../../src/read/readme-sections.ts';
import { linesOf } from '../../src/read/split-sections.ts';

const sections = (text: string): string[] => readmeSections(text).map((section) => linesOf(text, section));

test.each([
  ['# A\n\ntext\n\n## License\n\nMIT\n\n## Next\n\nmore', '## License\n\nMIT\n'],
  ['A\n=\n\nLicence\n-------\n\nISC © Ada\n', 'Licence\n-------\n\nISC © Ada\n'],
  ['# A\n\n## 📖 License\n\nMIT', '## 📖 License\n\nMIT'],
  ['# A\n\n## [License](LICENSE)\n\nMIT', '## [License](LICENSE)\n\nMIT'],
  ['# A\n\n### Copyright and license ###\nMIT\n# B', '### Copyright and license ###\nMIT'],
  ['# A\n## License\ntext\n### Details\nMIT\n## B', '## License\ntext\n### Details\nMIT'],
])('finds the section in %j', (text, expected) => {
  expect(sections(text)).toEqual([expected]);
});

test('a heading about licences in general is none', () => {
  expect(sections('# license-checker\n\nChecks licences.\n\n## Licensee options\n\nmany')).toEqual([]);
});

test('headings in code blocks do not count', () => {
  expect(sections('# A\n\n```sh\n# License\n```\n\ntext')).toEqual([]);
});

test('without a heading, the words of a licence are found', () => {
  const text = `# A\n\nThe licence is this:\n\n${'Permission is hereby granted, free of charge, to any person.'}\nThe end.`;
  expect(sections(text)[0]).toContain('Permission is hereby granted');
});

test('no licence, nothing', () => {
  expect(sections('# A\n\nHello.')).toEqual([]);
  expect(sections('')).toEqual([]);
});
