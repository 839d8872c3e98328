import { type CopyrightNotice, mergeYears } from '../copyright/copyright.ts';
import { groupBy } from '../group-by.ts';
import { holderKey } from '../copyright/holder-key.ts';
import { type Choices, formatChoices, textFamily } from '../declared/spdx-expression.ts';
import type { FieldFinding, Finding, TextFinding } from './findings.ts';

/**
 * How the licence field and the text compare:
 * - `agrees`
 * - `differs`: the text is another licence
 * - `more-in-text`, `less-in-text`: they overlap
 * - `custom`: the text is none of the known licences, or one with changed terms
 * - `not-declared`: there is a text, and no usable field
 * - `no-text`: there is a field, and no text
 * - `nothing`: neither
 */
export type Verdict =
  | 'agrees'
  | 'differs'
  | 'more-in-text'
  | 'less-in-text'
  | 'custom'
  | 'not-declared'
  | 'no-text'
  | 'nothing';

/** What is known about one package: a row of the report. */
export interface JudgedPackage {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** The group it belongs to: an SPDX expression, or one of the two names below. */
  readonly licence: string;
  readonly verdict: Verdict;
  /** Where `licence` was learnt. */
  readonly evidence: 'text' | 'reference' | 'readme' | 'field' | 'none';
  /** The field as written; empty for none. */
  readonly declared: string;
  readonly texts: readonly JudgedText[];
  /** Licences of code it contains, where they are not its own. */
  readonly bundles: readonly string[];
  readonly copyright: readonly CopyrightNotice[];
  /** What a person should know, in sentences. */
  readonly notes: readonly string[];
}

export interface JudgedText {
  readonly file: string;
  readonly from: number;
  readonly to: number;
  /** Nearest SPDX id, if any. */
  readonly id: string | null;
  readonly kind: TextFinding['kind'] | 'changed' | 'reference';
  readonly similarity: number;
}

export const customLicence = 'Custom or unknown text';
export const noLicence = 'No licence found';
export const allRightsReserved = 'UNLICENSED';

/** Weighs all findings about one package. */
export function judgePackage(id: string, findings: readonly Finding[]): JudgedPackage {
  const field = findings.find((finding): finding is FieldFinding => finding.finding === 'field');
  const texts = findings.filter((finding): finding is TextFinding => finding.finding === 'text');
  const chosen = chooseParts(texts.filter(({ document }) => document !== 'readme'));
  const own = chosen.filter(({ bundled }) => !bundled);
  const readme = texts.filter(({ document }) => document === 'readme');
  const found = own.flatMap(licencesIn);
  const changed = own.filter(isCustom);
  const said = readme.flatMap(licencesIn);
  const declared = field?.declared;
  const choices = declared?.choices ?? [];

  const { verdict, evidence } = compare({ declared, found, said, custom: changed.length > 0, own });
  const joined = formatFound(found.length > 0 ? found : said, own);
  const licence = nameOf({ verdict, choices, joined, unlicensed: declared?.kind === 'unlicensed' });
  const owned = new Set(
    (found.length > 0 ? found : said).flatMap((text) => [text.id, ...text.same].map(textFamily)),
  );
  const bundles = unique(
    chosen
      .filter(({ bundled }) => bundled)
      .flatMap(licencesIn)
      .map((text) => text.id),
  ).filter((each) => !owned.has(textFamily(each)));
  return {
    id,
    ...nameAndVersion(id, field),
    licence,
    verdict,
    evidence,
    declared: declared?.raw ?? '',
    texts: (evidence === 'readme' ? readme : own).map(judgedText),
    bundles: bundles.toSorted(),
    copyright: mergeHolders(findings),
    notes: notesOn({ field, own, readme: said, found, verdict, joined }),
  };
}

/** A licence that a text is, or names. */
interface FoundLicence {
  readonly id: string;
  readonly same: readonly string[];
  readonly quoted: boolean;
}

function licencesIn(text: TextFinding): FoundLicence[] {
  if (isCustom(text)) return [];
  if (text.kind === 'unknown' || text.id === null)
    return text.mentions.map((id) => ({ id, same: [], quoted: false }));
  return [{ id: text.id, same: text.sameText, quoted: true }];
}

function isCustom(text: TextFinding): boolean {
  if (text.restriction !== null) return true;
  return text.kind === 'unknown' && text.mentions.length === 0 && text.words >= minWords;
}

/** Fewer words are a title or a link, not a licence. */
const minWords = 12;

/**
 * A file was classified whole and, where it splits, in parts. Taken is what explains more of its words: the
 * whole for one licence that quotes another inside, the parts for several licences in a row.
 */
function chooseParts(texts: readonly TextFinding[]): readonly TextFinding[] {
  const files = groupBy(texts, ({ file }) => file);
  return [...files.values()].flatMap((sections) => {
    const [whole] = sections.filter(({ part }) => part === 0);
    const parts = sections.filter(({ part }) => part > 0);
    if (!whole || parts.length === 0) return sections;
    const explained = (text: TextFinding): number => (text.kind === 'unknown' ? 0 : text.shared);
    return explained(whole) >= parts.reduce((sum, part) => sum + explained(part), 0) && explained(whole) > 0
      ? [whole]
      : parts;
  });
}

interface Comparison {
  readonly declared: FieldFinding['declared'] | undefined;
  readonly found: readonly FoundLicence[];
  readonly said: readonly FoundLicence[];
  readonly custom: boolean;
  readonly own: readonly TextFinding[];
}

function compare({ declared, found, said, custom }: Comparison): Pick<JudgedPackage, 'verdict' | 'evidence'> {
  const usable = (declared?.choices.length ?? 0) > 0;
  if (found.length > 0) {
    const evidence = found.some(({ quoted }) => quoted) ? 'text' : 'reference';
    if (declared?.kind === 'see-file') return { verdict: custom ? 'custom' : 'agrees', evidence };
    if (declared?.kind === 'unlicensed') return { verdict: 'differs', evidence };
    return { verdict: usable ? compareChoices(declared?.choices ?? [], found) : 'not-declared', evidence };
  }
  if (custom) return { verdict: 'custom', evidence: 'text' };
  if (said.length > 0) {
    const quoted = said.some((licence) => licence.quoted);
    const against = usable && compareChoices(declared?.choices ?? [], said) === 'differs';
    if (against) return { verdict: 'differs', evidence: 'readme' };
    return {
      verdict: quoted ? (usable ? 'agrees' : 'not-declared') : usable ? 'no-text' : 'not-declared',
      evidence: 'readme',
    };
  }
  if (usable || declared?.kind === 'unlicensed') return { verdict: 'no-text', evidence: 'field' };
  return { verdict: 'nothing', evidence: 'none' };
}

function compareChoices(choices: Choices, found: readonly FoundLicence[]): Verdict {
  const names = found.map(({ id, same }) => new Set([id, ...same].map(textFamily)));
  const inText = (id: string): boolean => names.some((each) => each.has(textFamily(id)));
  const declared = choices.flat().map(textFamily);
  const known = names.filter((each) => declared.some((id) => each.has(id)));
  if (known.length === 0) return 'differs';
  if (known.length < names.length) return 'more-in-text';
  return choices.some((all) => all.every(inText)) ? 'agrees' : 'less-in-text';
}

interface Naming {
  readonly verdict: Verdict;
  readonly choices: Choices;
  readonly joined: string;
  readonly unlicensed: boolean;
}

function nameOf({ verdict, choices, joined, unlicensed }: Naming): string {
  switch (verdict) {
    case 'agrees':
    case 'less-in-text':
    case 'no-text':
      if (unlicensed) return allRightsReserved;
      return choices.length > 0 ? formatChoices(choices) : joined;
    case 'differs':
    case 'more-in-text':
    case 'not-declared':
      return joined;
    case 'custom':
      return customLicence;
    case 'nothing':
      return noLicence;
  }
}

/** Licences in files of their own, or announced as a choice, are joined by OR; others in one file all hold. */
function formatFound(found: readonly FoundLicence[], own: readonly TextFinding[]): string {
  const ids = unique(found.map(({ id }) => id));
  const files = new Set(own.filter((text) => licencesIn(text).length > 0).map(({ file }) => file));
  const either = own.some(({ choice }) => choice) || (files.size > 1 && files.size >= ids.length);
  return formatChoices(either ? ids.map((id) => [id]) : [ids]);
}

function nameAndVersion(
  id: string,
  field: FieldFinding | undefined,
): { readonly name: string; readonly version: string } {
  const folder = id.split('node_modules/').at(-1) ?? id;
  return { name: field?.name || folder, version: field?.version ?? '' };
}

function judgedText(text: TextFinding): JudgedText {
  const { file, from, to, id, similarity, kind } = text;
  const mentioned = kind === 'unknown' && text.mentions.length > 0;
  const [first = null] = text.mentions;
  if (text.restriction !== null) return { file, from, to, id, similarity, kind: 'changed' };
  return { file, from, to, similarity, id: mentioned ? first : id, kind: mentioned ? 'reference' : kind };
}

/** One entry a holder, the years of all notices together; holders of bundled code are not the package's. */
function mergeHolders(findings: readonly Finding[]): readonly CopyrightNotice[] {
  const own = findings.flatMap((finding) =>
    finding.finding === 'copyright' && !finding.bundled ? finding.notices : [],
  );
  const holders = groupBy(own, ({ holder }) => holderKey(holder));
  return [...holders.values()].map((notices) => ({
    holder: notices[0]?.holder ?? '',
    years: mergeYears(notices.flatMap(({ years }) => years)),
  }));
}

interface Noting {
  readonly field: FieldFinding | undefined;
  readonly own: readonly TextFinding[];
  readonly readme: readonly FoundLicence[];
  readonly found: readonly FoundLicence[];
  readonly verdict: Verdict;
  readonly joined: string;
}

function notesOn({ field, own, readme, found, verdict, joined }: Noting): readonly string[] {
  const notes: string[] = [];
  const { kind, raw = '', expression = '' } = field?.declared ?? {};
  if (verdict === 'differs') notes.push(`The field says ${raw}, the text is ${joined}.`);
  if (verdict === 'more-in-text') notes.push(`The field says ${raw}, the files hold ${joined}.`);
  if (verdict === 'less-in-text') notes.push(`The field says ${raw}, the files hold only ${joined}.`);
  if (kind === 'corrected')
    notes.push(`The field says "${raw}", which is no SPDX expression; read as ${expression}.`);
  if (kind === 'legacy') notes.push(`The field has the old form ${raw}; read as ${expression}.`);
  if (kind === 'unclear') notes.push(`The field says "${raw}", which names no known licence.`);
  if (kind === 'missing') notes.push('package.json has no licence field.');
  if (field === undefined) notes.push('package.json could not be read.');
  for (const text of own) {
    if (text.restriction !== null)
      notes.push(`${text.file} reads like ${text.id}, with changed terms: "…${text.restriction}…".`);
    else if (isCustom(text)) notes.push(`${text.file} is none of the known licences; ${nearest(text)}.`);
    else if (text.kind === 'extended')
      notes.push(`${text.file} holds ${text.id} whole and more text beside it.`);
  }
  const references = found.length > 0 && found.every(({ quoted }) => !quoted);
  if (references) notes.push(`The licence file names ${joined} without its text.`);
  const against = readme.filter(({ id }) => !found.some((each) => textFamily(each.id) === textFamily(id)));
  if (found.length > 0 && readme.length > 0 && against.length === readme.length) {
    notes.push(`The readme names ${unique(against.map(({ id }) => id)).join(', ')}.`);
  }
  return notes;
}

/** Below this two texts share little more than the words of their trade. */
const minSimilarity = 0.3;

/** `nearest is MIT (82 %)`. */
export function nearest({ id, similarity }: Pick<JudgedText, 'id' | 'similarity'>): string {
  return id === null || similarity < minSimilarity
    ? 'nothing is near'
    : `nearest is ${id} (${percent(similarity)})`;
}

export function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
