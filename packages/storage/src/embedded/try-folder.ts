import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenSqlite } from './sqlite-driver.js';

export interface FolderTrial {
  /** `wal` where the store can work. */
  readonly journalMode: string;
  /** How long a commit takes until it is on the disk, the median of some. */
  readonly commitMs: number;
}

/** Commits measured. Count. */
const commits = 5;

/**
 * Keeps a small database in a new folder within `parent`, and removes both.
 * @throws what the file system or SQLite says
 */
export async function tryFolder(parent: string, open: OpenSqlite): Promise<FolderTrial> {
  const folder = await mkdtemp(join(parent, 'loom-doctor-'));
  try {
    const connection = open(join(folder, 'trial.db'));
    try {
      const [mode] = connection.prepare('PRAGMA journal_mode=WAL').all<{ readonly journal_mode: string }>([]);
      connection.exec('PRAGMA synchronous=FULL; CREATE TABLE trial (n INTEGER)');
      const times: number[] = [];
      for (let commit = 0; commit < commits; commit += 1) {
        const startedAt = performance.now();
        connection.exec(`INSERT INTO trial VALUES (${commit})`);
        times.push(performance.now() - startedAt);
      }
      times.sort((left, right) => left - right);
      const median = times[Math.floor(commits / 2)] as number;
      return { journalMode: mode?.journal_mode ?? 'unknown', commitMs: Math.round(median * 100) / 100 };
    } finally {
      connection.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
