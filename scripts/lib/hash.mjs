// Has anything changed? Stamps hold the hash of what a finished step was made from.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { cacheFolder, root } from './paths.mjs';

/**
 * @param {readonly string[]} files - absolute paths; a missing file counts as such
 * @param {readonly string[]} [extra] - anything else the result depends on
 * @returns {string}
 */
export function hashFiles(files, extra = []) {
  const hash = createHash('sha256').update(extra.join('\0'));
  for (const file of files.toSorted()) {
    hash.update(`\0${relative(root, file)}\0`);
    hash.update(existsSync(file) ? readFileSync(file) : 'missing');
  }
  return hash.digest('hex');
}

/**
 * @param {string} folder
 * @param {readonly string[]} [skip] - names left out at any depth
 * @returns {string[]} absolute paths of all files below it
 */
export function filesBelow(folder, skip = []) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skip.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path, skip) : [path];
  });
}

/** @param {string} name @returns {string | undefined} */
export function readStamp(name) {
  const file = join(cacheFolder, `${name}.stamp`);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** @param {string} name @param {string} hash */
export function writeStamp(name, hash) {
  const file = join(cacheFolder, `${name}.stamp`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, hash);
}
