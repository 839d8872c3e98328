// A copy of the repository as it is now, committed or not, in which a release can be made without a trace.
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../lib/paths.mjs';
import { shell } from './shell.ts';

/** Installed and built, with one commit and a clean tree. */
export async function scratchClone(folder: string): Promise<void> {
  await shell(root, 'git', ['init', '--quiet', '--initial-branch', 'main', folder]);
  const listed = await shell(root, 'git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  for (const file of new Set(listed.split('\0'))) {
    if (file !== '' && existsSync(join(root, file))) cpSync(join(root, file), join(folder, file));
  }
  await shell(folder, 'git', ['config', 'user.name', 'Release test']);
  await shell(folder, 'git', ['config', 'user.email', 'release@example.test']);
  await shell(folder, 'git', ['config', 'commit.gpgsign', 'false']);
  await shell(folder, 'git', ['config', 'tag.gpgsign', 'false']);
  await shell(folder, 'git', ['add', '--all']);
  await shell(folder, 'git', ['commit', '--quiet', '--message', 'chore(repo): everything']);
  await shell(folder, process.execPath, ['scripts/build.mjs']);
}
