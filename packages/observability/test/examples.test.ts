import { readFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
});

test('the quick start runs, and prints what it says', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  await import('../examples/quick-start.ts');
  expect(lines).toEqual([
    'orders: 302 ms, 1 retry, 95 ms at work, 200 ms of backoff',
    '  2 ms execution',
    '  3 ms stage',
    '  35 ms attempt',
    '  200 ms stage',
    '  60 ms attempt',
    '  1 ms stage',
    '  1 ms execution',
    '1 x RateError: No rate for <value>.',
  ]);
});

test('the program that tells what models cost runs, and prints what it says', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  await import('../examples/what-it-cost.ts');
  expect(lines).toEqual([
    '2 decisions, 1800 tokens in, 100 out',
    '  judge, large: 0.03 USD',
    '  judge, small: 0.002 USD',
  ]);
});

test('the program that watches a process runs, and prints what it says', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  await import('../examples/watch-a-process.ts');
  expect(lines).toEqual([
    'loom_executions_finished_total{pipeline="orders",status="completed"} 1',
    'live true, ready true, degraded false',
    '1 trace of 750 ms in the file',
  ]);
});

test.each(['quick-start', 'what-it-cost', 'watch-a-process'])(
  'the README shows %s as it is',
  async (name) => {
    const [readme, program] = await Promise.all([read('../README.md'), read(`../examples/${name}.ts`)]);
    expect(readme).toContain(`\`\`\`ts\n${program}\`\`\``);
  },
);

test('the README names everything the package exports', async () => {
  const [readme, index] = await Promise.all([read('../README.md'), read('../src/index.ts')]);
  const names = [...index.matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) => list.split(','));
  for (const name of names.map((one) => one.trim()).filter((one) => one !== '')) {
    expect(readme).toContain(`\`${name}\``);
  }
});

function read(path: string): Promise<string> {
  return readFile(new URL(path, import.meta.url), 'utf8');
}
