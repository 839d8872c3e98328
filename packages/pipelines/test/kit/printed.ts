import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'node:util';
import { vi } from 'vitest';

/** What `run` writes with `console.log`. */
export async function printed(run: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const log = vi
    .spyOn(console, 'log')
    .mockImplementation((...values: unknown[]) => void lines.push(format(...values)));
  try {
    await run();
  } finally {
    log.mockRestore();
  }
  return lines.join('\n');
}

/** Calls `run` with an empty folder as the current one. */
export async function inNewFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const before = process.cwd();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loom-docs-')));
  process.chdir(folder);
  try {
    return await run(folder);
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  }
}
