import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LoomError, isLoomError } from '@certoai/loom-core';

/** Times a folder is made again that somebody removes before anything is in it. */
const attempts = 20;

/** Gives a draft its place in one step, which is on disk when this resolves. */
export async function publish(draft: string, file: string): Promise<void> {
  const folder = dirname(file);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await makeFolder(folder);
      await rename(draft, file);
      return await syncFolder(folder);
    } catch (error) {
      // Whoever removed the last blob beside it removes the folder too.
      if (codeOf(error) !== 'ENOENT' || attempt === attempts) throw error;
    }
  }
}

/** `mkdir -p` that is on disk when it resolves. Node's own never comes back from a file system without folders, such as /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    if (await isMade(path)) return;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    await isMade(path);
  }
  await syncFolder(dirname(path));
}

/** @returns whether it was there */
async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return false;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return true;
    throw error;
  }
}

/** A new name is on disk once its folder is. */
async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and keeps names in order by itself.
  if (process.platform === 'win32') return;
  const folder = await orMissing(open(path));
  try {
    await folder?.sync();
  } finally {
    await folder?.close();
  }
}

/** `undefined` when there is no such file or folder. */
export async function orMissing<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** What the file system said, as Loom says it. Errors of Loom pass through. */
export function translateFileError(error: unknown, doing: string, path: string): LoomError {
  if (isLoomError(error)) return error;
  const code = codeOf(error);
  const details = { path, code };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `The folder "${path}" has no space left, so it could not ${doing}. Free space, then try again.`;
    return new LoomError('LOOM_STORE_FULL', message, details, { cause: error });
  }
  const message =
    `The folder "${path}" could not ${doing}: ${error instanceof Error ? error.message : String(error)}. ` +
    'Check the permissions of the folder and the health of the disk.';
  return new LoomError('LOOM_STORE_FAILED', message, details, { cause: error });
}
