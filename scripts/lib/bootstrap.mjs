// Installs what the lock file says, with the pinned pnpm, when it is not installed already.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exclusive } from './exclusive.mjs';
import { hashFiles, readStamp, writeStamp } from './hash.mjs';
import { packageFolders } from './packages.mjs';
import { root, tool } from './paths.mjs';
import { pnpmCommand } from './pnpm.mjs';
import { capture } from './run.mjs';
import { step } from './step.mjs';

/** @returns {Promise<boolean>} whether everything is installed */
export function bootstrap() {
  return exclusive(async () => {
    const hash = installHash();
    if (readStamp('install') === hash && existsSync(tool('typescript7'))) return true;
    const ok = await step('installing', async () =>
      capture(...(await pnpmCommand(['install', '--frozen-lockfile']))),
    );
    if (ok) writeStamp('install', hash);
    return ok;
  });
}

function installHash() {
  const manifests = packageFolders().map((folder) => join(folder, 'package.json'));
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc'].map((name) =>
    join(root, name),
  );
  return hashFiles([...files, ...manifests], [process.platform, process.arch, process.versions.modules]);
}
