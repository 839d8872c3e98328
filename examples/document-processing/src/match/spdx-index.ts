import { createRequire } from 'node:module';
import { buildLicenceIndex, type LicenceIndex } from './licence-index.ts';

const require = createRequire(import.meta.url);
let index: LicenceIndex | undefined;

/** The index of all texts of the SPDX licence list: made when first asked for, which takes half a second. */
export function spdxIndex(): LicenceIndex {
  if (index) return index;
  const licences = require('spdx-license-list/full') as Readonly<
    Record<string, { readonly licenseText: string }>
  >;
  const deprecated = new Set(require('spdx-license-ids/deprecated.json') as readonly string[]);
  index = buildLicenceIndex(licences, (id) => deprecated.has(id) || id.endsWith('+'));
  return index;
}

/** Names of SPDX licences, and whether the Open Source Initiative has approved them. */
export function spdxLicence(
  id: string,
): { readonly name: string; readonly osiApproved: boolean } | undefined {
  return (
    require('spdx-license-list') as Readonly<
      Record<string, { readonly name: string; readonly osiApproved: boolean }>
    >
  )[id];
}
