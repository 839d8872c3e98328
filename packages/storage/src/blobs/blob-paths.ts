import { join } from 'node:path';

/*
 * A segment is a folder's name with `+` at its end, and the last one of a key a file's with `=`, so that `a` and
 * `a/b` can both be keys. File systems may not tell cases apart, and some take no name that ends with a dot or is
 * a device with a dot behind: capitals and dots have a `+` before them, and capitals are small then.
 */

/** Where `key` lies below `root`. */
export function fileOf(root: string, key: string): string {
  return `${place(root, key)}=`;
}

/** Where that which begins with `prefix` and a slash lies below `root`. */
export function folderOf(root: string, prefix: string): string {
  return `${place(root, prefix)}+`;
}

/** The segment whose file or folder has this name. */
export function segmentOf(name: string): string {
  return name.slice(0, -1).replace(/\+(.)/g, (_, escaped: string) => escaped.toUpperCase());
}

function place(root: string, key: string): string {
  const names = key.replace(/[A-Z.]/g, (character) => `+${character.toLowerCase()}`).replaceAll('/', '+/');
  return join(root, ...names.split('/'));
}
