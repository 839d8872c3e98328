import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { licenceFileNamed } from '../declared/declared-licence.ts';
import type { DocumentKind } from '../find/document-kind.ts';
import type { FoundDocument, FoundPackage } from '../find/find-packages.ts';
import { readText } from './read-text.ts';
import { readmeSections } from './readme-sections.ts';
import { type Section, splitSections } from './split-sections.ts';

/** Where a piece of text is. Stages hand on these references, never the texts themselves. */
export interface SectionRef extends Section {
  readonly packageId: string;
  /** Real path of the package. */
  readonly path: string;
  /** `field`: the licence field of package.json. */
  readonly kind: DocumentKind | 'field';
  readonly file: string;
  /** Position in its file from 1; 0: the whole file. A file that does not split has only this one. */
  readonly part: number;
  /** Not cut any further: what the copyright holders are read from. */
  readonly leaf: boolean;
  /** The file says that one may choose between its licences. */
  readonly choice: boolean;
}

/** The licence field, every section of the licence files and notices, and what the readme says. */
export async function readAllSections(found: FoundPackage): Promise<readonly SectionRef[]> {
  const documents = await withNamedFile(found);
  const sections = await Promise.all(documents.map((document) => sectionsOfFile(found, document)));
  return [fieldSection(found), ...sections.flat()];
}

/** The licence field, and the sections of the readme that are about the licence. */
export async function readReadmeSections(found: FoundPackage): Promise<readonly SectionRef[]> {
  const readmes = found.documents.filter(({ kind }) => kind === 'readme');
  const sections = await Promise.all(readmes.map((document) => sectionsOfFile(found, document)));
  return [fieldSection(found), ...sections.flat()];
}

/** The licence field, which every package is asked for. */
export function fieldSection(found: FoundPackage): SectionRef {
  const whole = { from: 1, to: 1, heading: '', bundled: false, part: 0, leaf: false, choice: false };
  return { ...whole, packageId: found.id, path: found.path, kind: 'field', file: 'package.json' };
}

async function sectionsOfFile(
  { id, path }: FoundPackage,
  { kind, file }: FoundDocument,
): Promise<SectionRef[]> {
  const about = { packageId: id, path, kind, file };
  // Notices speak about code that came from elsewhere.
  const elsewhere = kind === 'third-party' || kind === 'notice';
  let text: string;
  try {
    text = await readText(join(path, file));
  } catch {
    // Handed on whole: whoever classifies it will run into the same error, and report it.
    return [
      { ...about, from: 1, to: 1, heading: '', bundled: elsewhere, part: 0, leaf: true, choice: false },
    ];
  }
  const sections = kind === 'readme' ? readmeSections(text) : splitSections(text);
  const choice = isChoice.test(text.slice(0, 800));
  const refs = sections.map((section, position) => ({
    ...about,
    ...section,
    bundled: section.bundled || elsewhere,
    part: position + 1,
    leaf: true,
    choice,
  }));
  if (kind === 'readme') return refs;
  const whole = {
    ...about,
    from: 1,
    to: lineCount(text),
    heading: refs[0]?.heading ?? '',
    bundled: elsewhere,
    part: 0,
    choice,
  };
  return refs.length > 1 ? [{ ...whole, leaf: false }, ...refs] : [{ ...whole, leaf: true }];
}

const isChoice =
  /\b(?:dual[- ]?licen|either\b.{0,80}\blicen|licen.{0,80}\bat your option|your choice of|may choose)/is;

/** "SEE LICENSE IN legal.txt" names a file that does not look like a licence. */
async function withNamedFile({ path, documents }: FoundPackage): Promise<readonly FoundDocument[]> {
  const manifest = await readFile(join(path, 'package.json'), 'utf8')
    .then((text) => JSON.parse(text) as unknown)
    .catch(() => undefined);
  const file = typeof manifest === 'object' && manifest !== null ? licenceFileNamed(manifest) : undefined;
  // Only below the package: the field is data, and "../../../etc/passwd" is a path as well.
  if (
    file === undefined ||
    file.split('/').includes('..') ||
    documents.some((document) => document.file === file)
  )
    return documents;
  return [...documents, { kind: 'licence', file }];
}

function lineCount(text: string): number {
  return text.split(/\r\n|\n|\r/).length;
}
