import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { LoomError } from '@certoai/loom-core';
import type { OpenSqlite, SqliteConnection } from './sqlite-driver.js';
import { isBusy } from './sqlite-error.js';

/** Who has the folder open. Written for people and for error messages; the lock itself is the kernel's. */
export interface FolderOwner {
  readonly pid: number;
  readonly host: string;
  readonly title: string;
  /** ISO 8601. */
  readonly since: string;
}

const ownerFile = 'owner.json';
const lockFile = 'loom.lock';
/** Nothing is ever written: with its journal in memory the lock is one empty file. */
const takeLock = 'PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE';

/** Kernel locks are the process's own, so they cannot keep out a second open within it; two copies of this module may be loaded. */
const openHere: Set<string> = ((globalThis as Record<symbol, unknown>)[
  Symbol.for('loom.embedded.open-folders')
] ??= new Set<string>()) as Set<string>;

/**
 * One writer process for a folder. SQLite's exclusive lock on a file of its own keeps others out, and the
 * kernel releases it when the process ends, however it ends: a dead owner never blocks.
 */
export class FolderLock {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly #connection: SqliteConnection;

  private constructor(folder: string, connection: SqliteConnection) {
    this.folder = folder;
    this.#connection = connection;
  }

  /**
   * @throws LoomError `LOOM_STORE_LOCKED` naming the owner; `LOOM_INVALID_OPTION` when `path` is not a folder
   */
  static acquire(path: string, open: OpenSqlite, now: number): FolderLock {
    const folder = makeFolder(path);
    if (openHere.has(folder)) throw lockedError(folder, readOwner(folder));
    const connection = open(join(folder, lockFile));
    try {
      connection.exec(takeLock);
      const owner = {
        pid: process.pid,
        host: hostname(),
        title: process.title,
        since: new Date(now).toISOString(),
      };
      writeFileSync(join(folder, ownerFile), `${JSON.stringify(owner)}\n`);
    } catch (error) {
      connection.close();
      throw isBusy(error) ? lockedError(folder, readOwner(folder)) : error;
    }
    openHere.add(folder);
    return new FolderLock(folder, connection);
  }

  release(): void {
    try {
      rmSync(join(this.folder, ownerFile), { force: true });
    } finally {
      openHere.delete(this.folder);
      this.#connection.close();
    }
  }
}

/** `held-here`: by this process. `left`: by one that has ended, whose lock the kernel released. */
export type FolderHolding =
  | { readonly kind: 'free' | 'held-here' }
  | { readonly kind: 'held' | 'left'; readonly owner: FolderOwner | undefined };

/**
 * Who has a folder open. Writes nothing, but for a moment holds the lock of one that nobody has open.
 * @param folder - absolute, without symbolic links
 */
export function lookAtHolder(folder: string, open: OpenSqlite): FolderHolding {
  // Closing the file here would take the lock from those who have it open here.
  if (openHere.has(folder)) return { kind: 'held-here' };
  if (!existsSync(join(folder, lockFile))) return { kind: 'free' };
  const connection = open(join(folder, lockFile));
  try {
    connection.exec(`${takeLock}; ROLLBACK`);
  } catch (error) {
    if (isBusy(error)) return { kind: 'held', owner: readOwner(folder) };
    throw error;
  } finally {
    connection.close();
  }
  const owner = readOwner(folder);
  return owner === undefined ? { kind: 'free' } : { kind: 'left', owner };
}

function makeFolder(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) {
    const message = `path is "${path}", which is a file. Give the folder the store may keep its files in.`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { path });
  }
  if (!found) makeFolders(resolve(path));
  return realpathSync(path);
}

/** `mkdir -p`. Node's own never comes back from a file system that makes no folders, such as /proc. */
function makeFolders(path: string): void {
  const parent = dirname(path);
  if (!existsSync(parent)) makeFolders(parent);
  mkdirSync(path);
}

function readOwner(folder: string): FolderOwner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, ownerFile), 'utf8')) as FolderOwner;
  } catch {
    return undefined;
  }
}

export function lockedError(folder: string, owner: FolderOwner | undefined): LoomError {
  const message =
    `The store in "${folder}" is open in ${describeOwner(owner)}, and takes one process at a time. ` +
    'Close it there, give this one another path, or use a shared store for several processes.';
  return new LoomError('LOOM_STORE_LOCKED', message, { path: folder, owner });
}

export function describeOwner(owner: FolderOwner | undefined): string {
  return owner
    ? `process ${owner.pid} (${owner.title}) on ${owner.host} since ${owner.since}`
    : 'another process';
}
