import { realpath, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isLoomError } from '@certoai/loom-core';
import { findingOf } from '../internal/store-finding.js';
import type { StoreFinding } from '../internal/store-finding.js';
import { readDatabaseHeader } from './database-header.js';
import type { DatabaseHeader } from './database-header.js';
import { applicationId, formatVersion } from './embedded-database.js';
import { resolveEmbeddedStoreOptions } from './embedded-store-options.js';
import type { EmbeddedStoreOptions } from './embedded-store-options.js';
import { judgeFileSystem, judgeSpace } from './file-system.js';
import { describeOwner, lockedError, lookAtHolder } from './folder-lock.js';
import type { FolderHolding } from './folder-lock.js';
import { loadSqliteDriver } from './sqlite-driver.js';
import type { OpenSqlite } from './sqlite-driver.js';
import { tryFolder } from './try-folder.js';
import type { FolderTrial } from './try-folder.js';

/** Steps share commits, and one after the other they are some ten a second then. */
const slowCommitMs = 100;

/**
 * Looks at a folder as {@link openEmbeddedStore} would use it: SQLite, the folder and its disk, who has it open, and
 * what is in it. Leaves it as it was: the trial of a commit is made in a folder of its own, which is removed.
 */
export async function* diagnoseEmbedded(
  options: EmbeddedStoreOptions,
): AsyncGenerator<StoreFinding, void, undefined> {
  let open: OpenSqlite;
  try {
    open = loadSqliteDriver(resolveEmbeddedStoreOptions(options).driver);
    yield versionOf(open);
  } catch (error) {
    if (!isLoomError(error)) throw error;
    return yield findingOf(error.code === 'LOOM_INVALID_OPTION' ? 'options' : 'driver', error.message);
  }
  const { path, maxBytes } = options;
  try {
    const ground = await groundOf(path);
    const { type, bavail, bsize } = await statfs(ground);
    const fileSystem = { type, freeBytes: bavail * bsize };
    yield judgeFileSystem(fileSystem);
    yield judgeSpace(fileSystem, maxBytes);
    const isThere = ground === (await realpath(path).catch(() => undefined));
    yield judgeTrial(`"${path}" can be ${isThere ? 'written' : 'made'}`, await tryFolder(ground, open));
    if (!isThere) return;
    const holding = lookAtHolder(ground, open);
    yield describeHolding(ground, holding);
    // Reading the file here would take its locks from those who have it open here.
    if (holding.kind === 'held-here') return;
    yield describeStore(ground, await readDatabaseHeader(join(ground, 'loom.db')));
  } catch (error) {
    yield unusable(path, error);
  }
}

function versionOf(open: OpenSqlite): StoreFinding {
  const connection = open(':memory:');
  try {
    const [row] = connection
      .prepare('SELECT sqlite_version() AS version')
      .all<{ readonly version: string }>([]);
    const message = `SQLite ${row?.version} comes with ${connection.driver}.`;
    return { check: 'driver', severity: 'ok', message };
  } finally {
    connection.close();
  }
}

/** The folder, or the last that there is on the way to it. Absolute, without symbolic links. */
async function groundOf(path: string): Promise<string> {
  for (let place = resolve(path); ; place = dirname(place)) {
    const found = await stat(place).catch((error: { readonly code?: unknown }) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (found?.isDirectory() === false) throw new Error(`"${place}" is a file`);
    if (found !== undefined) return realpath(place);
  }
}

export function judgeTrial(usable: string, { journalMode, commitMs }: FolderTrial): StoreFinding {
  const check = 'folder';
  if (journalMode !== 'wal')
    return {
      check,
      severity: 'error',
      message: `${usable}, but its file system cannot hold a write-ahead log (journal mode ${journalMode}).`,
      fix: 'Use a folder on a disk of this machine.',
    };
  const measured = { commitMs };
  const message = `${usable}; a commit takes ${commitMs} ms until it is on the disk.`;
  if (commitMs < slowCommitMs) return { check, severity: 'ok', message, measured };
  return {
    check,
    severity: 'warning',
    message,
    fix: 'Use a faster disk, or embedded.sync "normal" where a power loss may cost the last moments.',
    measured,
  };
}

function describeHolding(folder: string, holding: FolderHolding): StoreFinding {
  const check = 'lock';
  switch (holding.kind) {
    case 'free':
      return { check, severity: 'ok', message: 'Nobody has the store open.' };
    case 'held-here':
      return { check, severity: 'ok', message: 'This process has the store open.' };
    case 'held':
      return findingOf(check, lockedError(folder, holding.owner).message);
    case 'left': {
      const who = describeOwner(holding.owner);
      if (holding.owner?.host === hostname())
        return {
          check,
          severity: 'ok',
          message: `Nobody has the store open. It was not closed by ${who}, and the next opening goes on from there.`,
        };
      return {
        check,
        severity: 'warning',
        message: `The store was not closed by ${who}, and locks of another host may not be seen here.`,
        fix: 'Make sure that no process of that host uses the folder.',
      };
    }
  }
}

function describeStore(folder: string, header: DatabaseHeader): StoreFinding {
  const check = 'store';
  if (header.kind === 'absent')
    return { check, severity: 'ok', message: 'There is no store in the folder yet.' };
  const file = join(folder, 'loom.db');
  if (header.kind === 'other')
    return {
      check,
      severity: 'error',
      message: `"${file}" is damaged, or no database of Loom.`,
      fix: 'Restore the folder from a backup, or give another path.',
    };
  if (header.applicationId !== applicationId)
    return {
      check,
      severity: 'error',
      message: `"${file}" belongs to another program.`,
      fix: 'Give the store another folder.',
    };
  if (header.formatVersion > formatVersion)
    return {
      check,
      severity: 'error',
      message: `"${file}" was written by a newer Loom (format ${header.formatVersion}; this one knows ${formatVersion}).`,
      fix: 'Update @certoai/loom-storage, or give another path.',
    };
  const journal = header.isWriteAhead ? 'with' : 'without';
  return {
    check,
    severity: 'ok',
    message: `The store has format ${header.formatVersion}, ${journal} a write-ahead log, and ${Math.ceil(header.bytes / 1024)} KiB.`,
    measured: { bytes: header.bytes },
  };
}

function unusable(path: string, error: unknown): StoreFinding {
  const { message } = error as Error;
  return {
    check: 'folder',
    severity: 'error',
    message: `"${path}" cannot be used: ${message.replace(/\.$/, '')}.`,
    fix: 'Give a folder that this user can make and write.',
  };
}
