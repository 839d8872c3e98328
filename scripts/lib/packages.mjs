// The workspace as data.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/**
 * @typedef {Readonly<Record<string, string>>} Ranges
 *
 * @typedef {{
 *   readonly name: string,
 *   readonly version: string,
 *   readonly private?: boolean,
 *   readonly publishConfig?: Readonly<Record<string, string>>,
 *   readonly bin?: string | Readonly<Record<string, string>>,
 *   readonly exports?: Readonly<Record<string, string | { readonly default: string }>>,
 *   readonly scripts?: Readonly<Record<string, string>>,
 *   readonly dependencies?: Ranges,
 *   readonly optionalDependencies?: Ranges,
 *   readonly peerDependencies?: Ranges,
 *   readonly devDependencies?: Ranges,
 * }} Manifest
 *
 * @typedef {{ readonly folder: string, readonly path: string, readonly manifest: Manifest }} Package
 */

/** @returns {string[]} absolute paths of every workspace member */
export function packageFolders() {
  return ['packages', 'examples'].flatMap((parent) => membersOf(parent));
}

/** @returns {Package[]} every package, also those that only our tests use */
export function allPackages() {
  return membersOf('packages').map((path) => ({
    folder: path.slice(join(root, 'packages').length + 1),
    path,
    manifest: /** @type {Manifest} */ (JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))),
  }));
}

/** @returns {Package[]} the packages that are built and published, those built upon first */
export function publishedPackages() {
  const packages = allPackages().filter(({ manifest }) => !manifest.private);
  /** @type {Package[]} */
  const ordered = [];
  /** @param {Package} one */
  const add = (one) => {
    if (ordered.includes(one)) return;
    const needed = Object.keys(one.manifest.dependencies ?? {});
    packages.filter(({ manifest }) => needed.includes(manifest.name)).forEach(add);
    ordered.push(one);
  };
  packages.forEach(add);
  return ordered;
}

/** @param {string} parent */
function membersOf(parent) {
  const folder = join(root, parent);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'package.json')));
}
