import { categories, type Category } from '../consolidate/licence-traits.ts';
import { compareText, type LicenceGroup } from '../consolidate/consolidate-group.ts';
import { type CopyrightNotice, formatYears } from '../copyright/copyright.ts';
import { holderKey } from '../copyright/holder-key.ts';
import type { FindProblem } from '../find/find-packages.ts';
import { groupBy } from '../group-by.ts';
import type { Explanation } from '../judge/explain.ts';
import type { JudgedPackage, JudgedText, Verdict } from '../judge/judge-package.ts';

/** Everything that the three reports show. Only `startedAt`, `finishedAt` and `durationMs` differ between two audits of the same files. */
export interface AuditReport {
  readonly folder: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly summary: AuditSummary;
  readonly categories: readonly { readonly category: Category; readonly packages: number }[];
  /** Those with the most packages first. */
  readonly groups: readonly LicenceGroup[];
  /** What a person should look at, the most serious first. */
  readonly findings: readonly ReportFinding[];
  /** What could not be read, and why. */
  readonly failures: readonly Failure[];
  /** By name and version. */
  readonly packages: readonly PackageRow[];
}

export interface AuditSummary {
  /** Package folders. */
  readonly packages: number;
  /** Names and versions. */
  readonly distinct: number;
  readonly licences: number;
  readonly holders: number;
  readonly agreeing: number;
  /** The text is another licence than the field says. */
  readonly disagreeing: number;
  /** Custom texts, and packages without any licence. */
  readonly unknown: number;
  /** Licensed, but the text is not in the package. */
  readonly withoutText: number;
  readonly failures: number;
}

/** One name and version; several folders when it is installed more than once. */
export interface PackageRow {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly verdict: Verdict;
  readonly evidence: JudgedPackage['evidence'];
  readonly declared: string;
  readonly texts: readonly JudgedText[];
  readonly bundles: readonly string[];
  readonly copyright: readonly string[];
  readonly notes: readonly string[];
  readonly folders: readonly string[];
}

export interface ReportFinding extends PackageRow {
  readonly explanations: readonly Explanation[];
}

export interface Failure {
  /** What could not be read. */
  readonly where: string;
  readonly reason: string;
}

/** What the stages before hand over. Missing items are tasks that failed. */
export interface ReportInput {
  readonly folder: string;
  readonly startedAt: string;
  readonly packages: readonly JudgedPackage[];
  readonly groups: readonly LicenceGroup[];
  readonly explanations: readonly Explanation[];
  readonly problems: readonly FindProblem[];
  readonly failures: readonly string[];
}

/** @param finishedAt - ISO 8601 */
export function composeReport(input: ReportInput, finishedAt: string): AuditReport {
  const rows = rowsOf(input.packages);
  const failures = [
    ...input.problems.map(({ path, reason }) => ({ where: path, reason })),
    ...input.failures.map(failureOf),
  ].toSorted((a, b) => compareText(a.where, b.where));
  return {
    folder: input.folder,
    startedAt: input.startedAt,
    finishedAt,
    durationMs: Math.max(0, Date.parse(finishedAt) - Date.parse(input.startedAt)),
    summary: summaryOf(input.packages, rows, failures.length),
    categories: categories.flatMap((category) => {
      const packages = input.groups.reduce(
        (sum, group) => sum + (group.category === category ? group.packages : 0),
        0,
      );
      return packages > 0 ? [{ category, packages }] : [];
    }),
    groups: input.groups.toSorted((a, b) => b.packages - a.packages || compareText(a.licence, b.licence)),
    findings: findingsOf(rows, input.explanations),
    failures,
    packages: rows,
  };
}

function rowsOf(packages: readonly JudgedPackage[]): readonly PackageRow[] {
  const same = groupBy(packages, ({ name, version, licence, verdict, declared }) =>
    JSON.stringify([name, version, licence, verdict, declared]),
  );
  const rows = [...same.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const { id, copyright, ...row } = first;
    return [
      { ...row, copyright: copyright.map(formatNotice), folders: [id, ...others.map((other) => other.id)] },
    ];
  });
  return rows.toSorted(
    (a, b) =>
      compareText(a.name, b.name) ||
      compareText(a.version, b.version) ||
      compareText(a.folders[0] ?? '', b.folders[0] ?? ''),
  );
}

function formatNotice({ holder, years }: CopyrightNotice): string {
  return years.length > 0 ? `${holder}, ${formatYears(years)}` : holder;
}

function summaryOf(
  packages: readonly JudgedPackage[],
  rows: readonly PackageRow[],
  failures: number,
): AuditSummary {
  const count = (...verdicts: readonly Verdict[]): number =>
    packages.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return {
    packages: packages.length,
    distinct: new Set(rows.map(({ name, version }) => `${name}@${version}`)).size,
    licences: new Set(packages.map(({ licence }) => licence)).size,
    holders: new Set(packages.flatMap(({ copyright }) => copyright.map(({ holder }) => holderKey(holder))))
      .size,
    agreeing: count('agrees'),
    disagreeing: count('differs', 'more-in-text', 'less-in-text'),
    unknown: count('custom', 'nothing', 'not-declared'),
    withoutText: count('no-text'),
    failures,
  };
}

/** Verdicts that a person should look at, the most serious first. */
const serious: readonly Verdict[] = [
  'differs',
  'custom',
  'nothing',
  'more-in-text',
  'less-in-text',
  'not-declared',
];

function findingsOf(
  rows: readonly PackageRow[],
  explanations: readonly Explanation[],
): readonly ReportFinding[] {
  const byPackage = groupBy(explanations, ({ packageId }) => packageId);
  return serious.flatMap((verdict) =>
    rows
      .filter((row) => row.verdict === verdict)
      .map((row) => ({ ...row, explanations: byPackage.get(row.folders[0] ?? '') ?? [] })),
  );
}

/** Actors that cannot read a file say `path: reason`. */
function failureOf(message: string): Failure {
  const [, where = '', reason = message] = /^(.*?): (.*)$/s.exec(message) ?? [];
  return { where, reason };
}
