/**
 * - `licence`: the package's own licence
 * - `third-party`: licences of code that the package contains
 * - `notice`: copyright statements beside the licence
 * - `readme`: prose with, perhaps, a section about the licence
 */
export type DocumentKind = 'licence' | 'third-party' | 'notice' | 'readme';

/** What a file is by its name; `undefined` for all others, such as `license.js`. */
export function documentKind(fileName: string): DocumentKind | undefined {
  if (code.test(fileName)) return undefined;
  return kinds.find(([, pattern]) => pattern.test(fileName))?.[0];
}

/** Folders that hold nothing but licences (https://reuse.software). */
export function isLicenceFolder(name: string): boolean {
  return /^licen[cs]es$/i.test(name);
}

const code =
  /\.(?:[cm]?[jt]sx?|json[5c]?|map|css|scss|less|ya?ml|toml|lock|svg|png|jpe?g|gif|exe|dll|node|wasm|tgz|zip|sh|py|rb|go|rs|spdx)$/i;
const kinds: readonly (readonly [DocumentKind, RegExp])[] = [
  ['third-party', /third[-_. ]?part|3rd[-_. ]?part|^(?:bundled|vendor)[-_. ]/i],
  [
    'licence',
    /^(?:un)?licen[cs]es?(?:$|[-_. ])|^copying(?:$|[-_. ])|^[\w.]+[-_. ]licen[cs]e(?:$|\.(?:txt|md|markdown|rst|html?)$)/i,
  ],
  ['notice', /^notices?(?:$|[-_. ])|^copyright/i],
  ['readme', /^readme(?:$|\.(?:md|markdown|mdown|txt|rst|adoc)$)/i],
];
