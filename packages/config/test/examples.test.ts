import { readFileSync } from 'node:fs';
import { format } from 'node:util';
import { expect, test, vi } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const readme = read('README.md');

async function outputOf(run: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    lines.push(format(...values));
  });
  try {
    await run();
  } finally {
    log.mockRestore();
  }
  return lines.join('\n');
}

test.each([
  ['examples/quick-start.ts', () => import('../examples/quick-start.js')],
  ['examples/tenant-settings.ts', () => import('../examples/tenant-settings.js')],
])('the README shows %s as it is, and prints what it says', async (name, run) => {
  expect(readme).toContain(`\`\`\`ts\n${read(name)}\`\`\``);
  expect(readme).toContain(`\`\`\`\n${await outputOf(run)}\n\`\`\``);
});

test('the README shows the configuration file of the quick start', () => {
  const [, ...lines] = read('examples/loom.config.yaml').split('\n');
  expect(readme).toContain(lines.join('\n'));
});
