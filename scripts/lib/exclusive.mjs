// One installer and one builder at a time, even when two terminals run a command in the same folder.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hashFiles } from './hash.mjs';
import { root } from './paths.mjs';

// Outside the repository, as node_modules may not exist yet.
const lock = join(tmpdir(), `loom-${hashFiles([], [root]).slice(0, 16)}.lock`);

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function exclusive(work) {
  while (!take()) await wait(100);
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take() {
  try {
    const file = openSync(lock, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    if (!isHeld()) rmSync(lock, { force: true });
    return false;
  }
}

/** A lock whose process is gone is nobody's. */
function isHeld() {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')) || 0, 0);
    return true;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    return code !== 'ESRCH' && code !== 'ENOENT';
  }
}
