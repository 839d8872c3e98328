// Which package may import what: one direction, declared, and only through a package's exports.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix, relative, sep } from 'node:path';
import { filesBelow } from '../lib/hash.mjs';
import { allPackages } from '../lib/packages.mjs';

/** What each package builds on. A package that is not listed here may import no other. */
const allowed = {
  config: [],
  core: [],
  'cosmos-test-server': [],
  discovery: ['core'],
  observability: ['core'],
  storage: ['core'],
  pipelines: ['config', 'core', 'discovery', 'observability', 'storage'],
  loom: ['config', 'core', 'discovery', 'observability', 'pipelines', 'storage'],
};

/**
 * One source, test or benchmark file, by its path from the root with forward slashes.
 *
 * @typedef {{ readonly path: string, readonly imports: readonly string[] }} ImportingFile
 *
 * @typedef {Pick<import('../lib/packages.mjs').Package, 'folder' | 'manifest'>} Room
 */

/**
 * @param {string} root
 * @returns {Promise<string[]>} one message for each forbidden import
 */
export async function checkBoundaries(root) {
  const rooms = allPackages();
  const files = rooms.flatMap(({ path }) =>
    filesBelow(path, ['node_modules', 'dist']).filter((file) => /\.[cm]?tsx?$/.test(file)),
  );
  const importsOf = await importScanner();
  const read = files.map((file) => ({
    path: relative(root, file).split(sep).join('/'),
    imports: importsOf(readFileSync(file, 'utf8')),
  }));
  return boundaryViolations(rooms, read);
}

/** @returns {Promise<(text: string) => string[]>} what a file imports: static, dynamic, type-only and `require` alike */
export async function importScanner() {
  const { default: typescript } = await import('typescript');
  return (text) => typescript.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/**
 * @param {readonly Room[]} rooms
 * @param {readonly ImportingFile[]} files
 * @returns {string[]}
 */
export function boundaryViolations(rooms, files) {
  return [
    ...rooms.flatMap((room) => manifestViolations(room, rooms)),
    ...files.flatMap(({ path, imports }) =>
      imports.flatMap((specifier) => {
        const problem = problemWith(specifier, path, rooms);
        return problem === undefined ? [] : [`${path}: "${specifier}" ${problem}`];
      }),
    ),
  ];
}

/** @param {Room} room @param {readonly Room[]} rooms */
function manifestViolations(room, rooms) {
  return rooms
    .filter(({ manifest }) => shippedRanges(room).includes(manifest.name))
    .filter(({ folder }) => !mayUse(room.folder, folder))
    .map(
      ({ manifest }) =>
        `packages/${room.folder}/package.json: ${room.folder} may not depend on ${manifest.name}.`,
    );
}

/**
 * @param {string} specifier
 * @param {string} path
 * @param {readonly Room[]} rooms
 * @returns {string | undefined}
 */
function problemWith(specifier, path, rooms) {
  const [, folder = '', area = ''] = path.split('/');
  const room = rooms.find((one) => one.folder === folder);
  if (room === undefined) return undefined;
  if (specifier.startsWith('.'))
    return relativeProblem(posix.join(posix.dirname(path), specifier), folder, area);
  if (specifier.startsWith('node:')) return undefined;
  if (builtinModules.includes(specifier)) return `is a Node module: write "node:${specifier}".`;
  const target = rooms.find(({ manifest }) => isWithin(specifier, manifest.name));
  if (target && !isExported(specifier, target)) return `is not among the exports of ${target.manifest.name}.`;
  // A test may use what its package does not ship: the dependency check looks after it.
  if (area !== 'src') return undefined;
  if (target === room) return 'is this package itself: import the file.';
  if (target && !mayUse(folder, target.folder))
    return `is out of bounds: ${folder} may not use ${target.folder}.`;
  const declared = shippedRanges(room).some((name) => isWithin(specifier, name));
  return declared ? undefined : `is not declared in the dependencies or peers of ${room.manifest.name}.`;
}

/** @param {string} target @param {string} folder @param {string} area */
function relativeProblem(target, folder, area) {
  if (target.startsWith('packages/') && !target.startsWith(`packages/${folder}/`)) {
    return 'reaches into another package: import it by its name.';
  }
  if (area === 'src' && !target.startsWith(`packages/${folder}/src/`))
    return 'leaves src, which is all that is built.';
  return undefined;
}

/** @param {string} specifier @param {string} name */
function isWithin(specifier, name) {
  return specifier === name || specifier.startsWith(`${name}/`);
}

/** @param {string} specifier @param {Room} target */
function isExported(specifier, { manifest }) {
  return `.${specifier.slice(manifest.name.length)}` in (manifest.exports ?? {});
}

/** @param {string} from @param {string} to */
function mayUse(from, to) {
  return (/** @type {Record<string, readonly string[]>} */ (allowed)[from] ?? []).includes(to);
}

/** @param {Room} room @returns {string[]} names of what a user of the package gets, or may bring, with it */
function shippedRanges({ manifest }) {
  return Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  });
}
