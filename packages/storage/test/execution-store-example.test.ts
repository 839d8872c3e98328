import { readFileSync } from 'node:fs';
import { format } from 'node:util';
import { expect, test, vi } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

test('the README shows the example of execution stores as it is, and prints what it says', async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    lines.push(format(...values));
  });
  await import('../examples/executions.js');
  log.mockRestore();
  const readme = read('README.md');
  expect(readme).toContain(`\`\`\`ts\n${read('examples/executions.ts')}\`\`\``);
  expect(readme).toContain(`\`\`\`\n${lines.join('\n')}\n\`\`\``);
});
