import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const built = new URL('../../dist/index.js', import.meta.url).href;

test.each([
  ['in memory', '{}'],
  ['embedded', '{ embedded: { path: process.argv[1] } }'],
])('a program that forgets to close a Loom %s ends all the same', async (_where, options) => {
  const folder = mkdtempSync(join(tmpdir(), 'loom-exit-'));
  const program = `
      import { Loom } from ${JSON.stringify(built)};
      const loom = new Loom(${options});
      loom.registerActor('double', (n) => n * 2);
      const { output } = await loom.executePipeline({ stages: [{ id: 'a', actor: 'double' }] }, 21);
      console.log(output);`;
  try {
    // Far below the minute after which finished executions are looked through.
    const args = ['--input-type=module', '--eval', program, join(folder, 'store')];
    expect((await run(process.execPath, args, { timeout: 25_000 })).stdout).toBe('42\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
