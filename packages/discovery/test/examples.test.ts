import { readFileSync } from 'node:fs';
import { format } from 'node:util';
import { expect, test, vi } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

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

test('the README shows the quick start and its file as they are, and what it prints', async () => {
  const readme = read('README.md');
  expect(readme).toContain(`\`\`\`ts\n${read('examples/quick-start.ts')}\`\`\``);
  expect(readme).toContain(`\`\`\`yaml\n${read('examples/actors.yaml')}\`\`\``);
  const output = await outputOf(() => import('../examples/quick-start.js'));
  expect(readme).toContain(`\`\`\`\n${output}\n\`\`\``);
});
