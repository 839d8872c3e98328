import { readFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
});

const printed = ['total: 42', 'refused: gift has no price', 'Hello Ada.'];

test('the quick start runs, and prints what it says', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation(
    (...words: unknown[]) => void lines.push(words.map(String).join(' ')),
  );
  await import('../examples/quick-start.ts');
  expect(lines).toEqual(printed);
});

test('the README shows the quick start as it is, and what it prints', async () => {
  const [readme, program] = await Promise.all([read('../README.md'), read('../examples/quick-start.ts')]);
  expect(readme).toContain(`\`\`\`ts\n${program}\`\`\``);
  expect(readme).toContain(`\`\`\`text\n${printed.join('\n')}\n\`\`\``);
});

test('the README names everything the package exports', async () => {
  const [readme, ...indexes] = await Promise.all([
    read('../README.md'),
    read('../src/index.ts'),
    read('../src/testing/index.ts'),
  ]);
  const code = readme.match(/`[^`\n]+`/g)?.join(' ') ?? '';
  const names = [...(indexes[0] ?? '').matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) => list.split(','));
  for (const name of names.map((one) => one.trim()).filter((one) => one !== '')) {
    expect(code).toMatch(new RegExp(String.raw`\b${name}\b`));
  }
});

test('the README has every error code that core throws, and no other', async () => {
  const { readdir } = await import('node:fs/promises');
  const folder = new URL('../src/', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((file) =>
    /^(?!testing).*\.ts$/.test(file),
  );
  const sources = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  const thrown = sources.flatMap((source) =>
    [...source.matchAll(/new LoomError\(\s*'(LOOM_\w+)'/g)].map(([, code]) => code),
  );
  const table = (await read('../README.md')).split('## Errors')[1]?.split('## Closing')[0] ?? '';
  const named = [...table.matchAll(/^\| `(LOOM_\w+)`/gm)].map(([, code]) => code);
  expect(new Set(named)).toEqual(new Set(thrown));
});

test('every error code that core throws is seen in a test', async () => {
  const { readdir } = await import('node:fs/promises');
  const folder = new URL('./', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.test.ts'));
  const tests = (await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')))).join('\n');
  const table = (await read('../README.md')).split('## Errors')[1]?.split('## Closing')[0] ?? '';
  for (const [, code] of table.matchAll(/^\| `(LOOM_\w+)`/gm)) expect(tests).toContain(`'${code}'`);
});

function read(path: string): Promise<string> {
  return readFile(new URL(path, import.meta.url), 'utf8');
}
