import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { inNewFolder, printed } from './kit/printed.js';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

afterEach(() => {
  vi.restoreAllMocks();
});

test('the quick start runs, and the README shows it as it is and what it prints', async () => {
  const output = await inNewFolder(() => printed(() => import('../examples/quick-start.js')));
  expect(output).toBe('a.txt: 3 words\nb.txt: 8 words');
  const readme = read('README.md');
  expect(readme).toContain(`\`\`\`ts\n${read('examples/quick-start.ts')}\`\`\``);
  expect(readme).toContain(`\`\`\`text\n${output}\n\`\`\``);
});

test('the README names everything the package exports', () => {
  const readme = read('README.md');
  const lists = [...read('src/index.ts').matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) =>
    list.split(','),
  );
  const names = lists.map((name) => name.trim()).filter((name) => name !== '');
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(readme).toContain(`\`${name}`);
});
