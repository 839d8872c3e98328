import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** All texts of the SPDX licence list. */
export const licences = require('spdx-license-list/full') as Readonly<
  Record<string, { readonly licenseText: string }>
>;

export function licenceText(id: string): string {
  const text = licences[id]?.licenseText;
  if (text === undefined) throw new Error(`The SPDX list has no ${id}.`);
  return text;
}

/** A licence as projects ship it: a title, a notice, and the text. */
export function shipped(id: string, notice = 'Copyright (c) 2019 Ada Lovelace'): string {
  const text = licenceText(id)
    .split('\n')
    .filter((line) => !/^(?:copyright )|^.*copyright.*<.*>/i.test(line));
  return `${notice}\n\n${text.join('\n').trim()}\n`;
}
