import { type YearRange, formatYears, mergeYears } from '../copyright/copyright.ts';
import { holderKey } from '../copyright/holder-key.ts';
import { parseExpression } from '../declared/spdx-expression.ts';
import { groupBy } from '../group-by.ts';
import type { JudgedPackage, Verdict } from '../judge/judge-package.ts';
import { spdxLicence } from '../match/spdx-index.ts';
import { asks, type Category, categoryOf } from './licence-traits.ts';

/** All packages under one licence, brought together. */
export interface LicenceGroup {
  /** SPDX expression, or the name of a group without one. */
  readonly licence: string;
  /** Full names of the licences in it. */
  readonly names: readonly string[];
  readonly category: Category;
  readonly asks: string;
  readonly osiApproved: boolean;
  readonly packages: number;
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  /** Those with the most packages first. */
  readonly holders: readonly GroupHolder[];
  /** A file of one of its packages that holds the text word for word; empty for none. */
  readonly sample: string;
}

export interface GroupHolder {
  readonly holder: string;
  /** As text: `2011–2014, 2018`. */
  readonly years: string;
  readonly packages: number;
}

export function consolidateGroup(licence: string, packages: readonly JudgedPackage[]): LicenceGroup {
  const ids = [...new Set((parseExpression(licence) ?? []).flat())];
  const known = ids.map((id) => spdxLicence(id.replace(/ WITH .*$/, '').replace(/\+$/, '')));
  const category = categoryOf(licence);
  const verdicts: Partial<Record<Verdict, number>> = {};
  for (const { verdict } of packages) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  return {
    licence,
    names: known.flatMap((each) => (each ? [each.name] : [])),
    category,
    asks: asks[category],
    osiApproved: known.length > 0 && known.every((each) => each?.osiApproved === true),
    packages: packages.length,
    verdicts,
    holders: holdersOf(packages),
    sample: sampleOf(packages),
  };
}

function holdersOf(packages: readonly JudgedPackage[]): readonly GroupHolder[] {
  const notices = packages.flatMap(({ id, copyright }) => copyright.map((notice) => ({ ...notice, id })));
  const holders = [...groupBy(notices, ({ holder }) => holderKey(holder)).values()].map((all) => ({
    holder: mostFrequent(all.map(({ holder }) => holder)),
    years: formatYears(mergeYears(all.flatMap(({ years }): readonly YearRange[] => years))),
    packages: new Set(all.map(({ id }) => id)).size,
  }));
  return holders.toSorted((a, b) => b.packages - a.packages || compareText(a.holder, b.holder));
}

function sampleOf(packages: readonly JudgedPackage[]): string {
  for (const { id, texts } of packages) {
    const exact = texts.find(({ kind }) => kind === 'exact');
    if (exact) return `${id}/${exact.file}`;
  }
  return '';
}

function mostFrequent(values: readonly string[]): string {
  const counts = [...groupBy(values, (value) => value)].map(([value, all]) => ({ value, count: all.length }));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.value ?? '';
}

/** The same order on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : a < b ? -1 : a > b ? 1 : 0;
}
