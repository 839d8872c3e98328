import type { LicenceGroup } from '../consolidate/consolidate-group.ts';
import { groupBy } from '../group-by.ts';
import type { Explanation } from '../judge/explain.ts';
import { nearest, percent } from '../judge/judge-package.ts';
import type { AuditReport, PackageRow, ReportFinding } from './audit-report.ts';
import { formatDuration, formatMoment, verdictWords, width, wrap } from './words.ts';

/** The report for a terminal or a pull request: tables in columns, lines of at most about 100 characters. */
export function renderMarkdown(report: AuditReport): string {
  const { summary } = report;
  const parts = [
    '# Licence audit',
    `${code(report.folder)}, ${formatMoment(report.startedAt)}, in ${formatDuration(report.durationMs)}.`,
    summary.packages === 0
      ? `No installed packages were found in this folder. Is there a ${code('node_modules')} in it?`
      : summaryTable(report),
    ...findingsPart(report),
    ...failuresPart(report),
    ...(summary.packages === 0
      ? []
      : [groupsPart(report), ...remarksPart(report), holdersPart(report), packagesPart(report)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function summaryTable({ summary }: AuditReport): string {
  return table(
    ['', 'Packages'],
    [
      [
        'Installed',
        `${summary.packages}${summary.distinct < summary.packages ? ` (${summary.distinct} different)` : ''}`,
      ],
      ['Field and text agree', `${summary.agreeing}`],
      ['Field and text disagree', `${summary.disagreeing}`],
      ['Custom, undeclared or no licence', `${summary.unknown}`],
      ['Text not in the package', `${summary.withoutText}`],
      ['Files that could not be read', `${summary.failures}`],
      ['Different licences', `${summary.licences}`],
      ['Copyright holders', `${summary.holders}`],
    ],
    ['left', 'right'],
  );
}

function findingsPart({ findings }: AuditReport): string[] {
  if (findings.length === 0) return [];
  const byVerdict = groupBy(findings, ({ verdict }) => verdict);
  return [
    '## Needs a look',
    ...[...byVerdict].flatMap(([verdict, all]) => {
      const { heading, meaning } = verdictWords[verdict];
      return [`### ${heading} (${all.length})`, meaning, ...all.map(renderFinding)];
    }),
  ];
}

function renderFinding(finding: ReportFinding): string {
  const lines = [`- **${escape(finding.name)}** ${escape(finding.version)}${timesInstalled(finding)}`];
  for (const note of finding.notes) lines.push(...wrap(escape(note), 96).map((line) => `  ${line}`));
  for (const text of finding.texts)
    lines.push(`  ${code(`${text.file}:${text.from}`)} ${matchOf(text.id, text.similarity, text.kind)}`);
  for (const explanation of finding.explanations.slice(0, 2)) lines.push(...renderExplanation(explanation));
  return lines.join('\n');
}

function renderExplanation({ differences, excerpt, comparedWith }: Explanation): string[] {
  if (differences === null || differences.length === 0)
    return wrap(`“${escape(excerpt.slice(0, 200))}…”`, 92).map((line) => `  > ${line}`);
  const shown = differences
    .slice(0, 3)
    .flatMap(({ missing, added }) => [
      ...(missing === '' ? [] : [`- ${missing}`]),
      ...(added === '' ? [] : [`+ ${added}`]),
    ]);
  const lines = shown.flatMap((line) => wrap(line.replaceAll('`', "'"), 92, line.slice(0, 2)));
  return [`  Against ${comparedWith ?? ''}:`, '  ```diff', ...lines.map((line) => `  ${line}`), '  ```'];
}

function failuresPart({ failures }: AuditReport): string[] {
  if (failures.length === 0) return [];
  return [
    `## Could not be read (${failures.length})`,
    'The rest of these packages was audited all the same.',
    failures
      .map(
        ({ where, reason }) =>
          `- ${code(where)}\n${wrap(escape(reason), 96)
            .map((line) => `  ${line}`)
            .join('\n')}`,
      )
      .join('\n'),
  ];
}

function groupsPart({ groups, summary }: AuditReport): string {
  const widest = groups[0]?.packages ?? 1;
  const rows = groups.map((group) => [
    escape(group.licence),
    `${group.packages}`,
    bar(group.packages / widest),
    `${((100 * group.packages) / summary.packages).toFixed(1)} %`,
    group.category,
  ]);
  const duties = [...new Map(groups.map(({ category, asks }) => [category, asks]))].map(
    ([category, asks]) => `- **${category}**: ${asks}`,
  );
  return [
    '## Licences',
    table(['Licence', 'Packages', '', 'Share', 'Category'], rows, ['left', 'right', 'left', 'right', 'left']),
    ...duties,
  ]
    .join('\n\n')
    .replaceAll('\n\n- **', '\n- **')
    .replace('\n- **', '\n\n- **');
}

function remarksPart({ packages }: AuditReport): string[] {
  const withoutText = packages.filter(({ verdict }) => verdict === 'no-text');
  const noted = packages.filter(
    ({ verdict, notes }) => (verdict === 'agrees' || verdict === 'no-text') && notes.length > 0,
  );
  const bundling = packages.filter(({ bundles }) => bundles.length > 0);
  const parts: string[] = [];
  if (withoutText.length > 0) {
    parts.push(
      `## ${verdictWords['no-text'].heading} (${withoutText.length})`,
      verdictWords['no-text'].meaning,
      wrap(withoutText.map((row) => `${code(nameOf(row))} ${escape(row.licence)}`).join(', '), 98).join('\n'),
    );
  }
  if (bundling.length > 0) {
    parts.push(
      `## Packages that contain code under other licences (${bundling.length})`,
      bundling
        .map((row) =>
          wrap(`- ${code(nameOf(row))}: ${row.bundles.map(escape).join(', ')}`, 98, '  ').join('\n'),
        )
        .join('\n'),
    );
  }
  if (noted.length > 0) {
    parts.push(
      `## Smaller remarks (${noted.length})`,
      noted
        .map((row) => wrap(`- ${code(nameOf(row))}: ${row.notes.map(escape).join(' ')}`, 98, '  ').join('\n'))
        .join('\n'),
    );
  }
  return parts;
}

function holdersPart({ groups }: AuditReport): string {
  const lines = groups.filter(({ holders }) => holders.length > 0).map((group) => holdersOf(group));
  return ['## Copyright holders by licence', ...lines].join('\n\n');
}

function holdersOf({ licence, holders }: LicenceGroup): string {
  const shown = holders
    .slice(0, 12)
    .map(
      ({ holder, years, packages }) =>
        `${escape(holder)}${years === '' ? '' : ` ${years}`}${packages > 1 ? ` (${packages})` : ''}`,
    );
  const more = holders.length > 12 ? `; and ${holders.length - 12} more, all in the JSON report` : '';
  return wrap(`**${escape(licence)}**: ${shown.join('; ')}${more}.`, 98).join('\n');
}

function packagesPart({ packages }: AuditReport): string {
  const rows = packages.map((row) => [
    escape(row.name),
    escape(row.version),
    escape(row.licence),
    verdictWords[row.verdict].label,
  ]);
  return `## All packages\n\n${table(['Package', 'Version', 'Licence', 'Field and text'], rows, ['left', 'left', 'left', 'left'])}`;
}

function matchOf(id: string | null, similarity: number, kind: string): string {
  if (kind === 'exact') return `is ${id}, word for word`;
  if (kind === 'reference') return `names ${id}`;
  if (kind === 'unknown') return `is unknown, ${nearest({ id, similarity })}`;
  return `is ${id}, ${percent(similarity)} alike`;
}

function timesInstalled({ folders }: PackageRow): string {
  return folders.length > 1 ? `, installed ${folders.length} times` : '';
}

function nameOf({ name, version }: PackageRow): string {
  return version === '' ? name : `${name}@${version}`;
}

type Align = 'left' | 'right';

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[],
): string {
  const widths = head.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((row) => row[column] ?? '')].map(width)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, align[column] ?? 'left')).join(' | ')} |`;
  const rule = widths.map((size, column) =>
    align[column] === 'right' ? `${'-'.repeat(size - 1)}:` : '-'.repeat(size),
  );
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

function pad(text: string, size: number, align: Align): string {
  const space = ' '.repeat(Math.max(0, size - width(text)));
  return align === 'right' ? space + text : text + space;
}

function bar(share: number): string {
  const eighths = Math.max(1, Math.round(share * 20 * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8];
}

/** Text from files, so that none of it is read as Markdown or HTML. */
function escape(text: string): string {
  return text
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\\`*[\]|<>]/g, '\\$&')
    .replace(/(?<=^|\s)_|_(?=\s|$)/g, '\\_');
}

function code(text: string): string {
  const plain = text.replace(/[\r\n]+/g, ' ');
  return plain.includes('`') ? `\`\` ${plain} \`\`` : `\`${plain.replaceAll('|', '\\|')}\``;
}
