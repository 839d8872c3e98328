import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { LoomError } from '@certoai/loom-core';
import { nearestName } from '../internal/nearest-name.js';
import { invalidMetadata } from '../metadata/describe-problems.js';
import type { ActorFile } from './read-actors.js';

export const extensions: readonly string[] = ['.yaml', '.yml', '.json'];

/** The files of one path, with what changes whenever one of them is written, replaced, added or removed. */
export interface FileSnapshot {
  /** By absolute path, in the order in which they are read. */
  readonly stamps: ReadonlyMap<string, string>;
  /** The same in one text. */
  readonly id: string;
  /** Folders whose entries decide about it. */
  readonly folders: readonly string[];
}

/**
 * @param path - a file, or a folder whose files are found at any depth; hidden ones and node_modules are left out
 * @throws LoomError `LOOM_NOT_FOUND`, or `LOOM_INVALID_CONFIG` when it cannot be read
 */
export async function snapshotFiles(path: string, cwd: string): Promise<FileSnapshot> {
  const target = resolve(cwd, path);
  const stamps = new Map<string, string>();
  // The folder above it is where a file is replaced, and where a folder appears again.
  const folders = [dirname(target)];
  const kind = await stampOf(target).catch((error: unknown) => failed(error, target, cwd));
  if (kind === 'folder') await addFolder(target);
  else if (!extensions.includes(extname(target))) {
    const message = `${shownPath(target, cwd)} is of no known kind. Give ${extensions.join(', ')}, or a folder.`;
    throw invalidMetadata([{ path: '', file: target, message }]);
  } else stamps.set(target, kind);
  return { stamps, id: JSON.stringify([...stamps]), folders };

  async function addFolder(folder: string): Promise<void> {
    folders.push(folder);
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) =>
      failed(error, folder, cwd),
    );
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const file = join(folder, entry.name);
      if (entry.isDirectory()) await addFolder(file).catch(ignoreMissing);
      if (entry.isDirectory() || !extensions.includes(extname(entry.name))) continue;
      // A link to a folder is not followed: it could lead back here.
      const stamp = await stampOf(file).catch(ignoreMissing);
      if (stamp !== undefined && stamp !== 'folder') stamps.set(file, stamp);
    }
  }
}

export async function readFiles(snapshot: FileSnapshot, cwd: string): Promise<readonly ActorFile[]> {
  const files: ActorFile[] = [];
  for (const file of snapshot.stamps.keys()) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => failed(error, file, cwd));
    files.push({ file, shown: shownPath(file, cwd), text });
  }
  return files;
}

/** Relative to `cwd` where it is inside. */
export function shownPath(file: string, cwd: string): string {
  const inside = relative(cwd, file);
  return inside === '' || inside.startsWith('..') ? file : inside.replaceAll('\\', '/');
}

async function stampOf(file: string): Promise<string> {
  const stats = await stat(file, { bigint: true });
  // ctime moves when a file is written, replaced or renamed, also where mtime is set back.
  return stats.isDirectory() ? 'folder' : `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

/** What vanishes between listing and looking was removed: the next look does not find it at all. */
function ignoreMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' || (error as LoomError).code === 'LOOM_NOT_FOUND';
}

async function failed(error: unknown, file: string, cwd: string): Promise<never> {
  const shown = shownPath(file, cwd);
  if (!isMissing(error)) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw invalidMetadata([{ path: '', file, message: `${shown} could not be read (${code}).` }], {
      cause: error,
    });
  }
  const beside = await readdir(dirname(file)).catch((): string[] => []);
  const meant = nearestName(basename(file), beside);
  const hint =
    meant === undefined ? 'Correct the path.' : `Did you mean ${shownPath(join(dirname(file), meant), cwd)}?`;
  throw new LoomError('LOOM_NOT_FOUND', `${shown} does not exist. ${hint}`, { file }, { cause: error });
}
