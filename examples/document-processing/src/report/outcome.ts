import type { BriefFinding } from '../actors/report-writers.ts';
import type { AuditOutcome } from '../run-audit.ts';
import type { AuditSummary } from './audit-report.ts';
import { count, wrap } from './words.ts';

/** Findings shown on the screen; the reports have all. */
const maxFindings = 10;

/** The last words of an audit: the sum, the worst of it, and where to read more. */
export function renderOutcome(
  { summary, findings, files }: AuditOutcome,
  shorten: (file: string) => string,
  width: number,
): string {
  const lines = sentencesOn(summary).flatMap((sentence) => wrap(sentence, Math.max(20, width)));
  const shown = findings.slice(0, maxFindings).map((finding) => findingLine(finding, width));
  if (shown.length > 0) lines.push('', ...shown);
  if (findings.length > maxFindings) lines.push(`  and ${findings.length - maxFindings} more in the report`);
  lines.push('', 'Reports:', ...[files.html, files.markdown, files.json].map((file) => `  ${shorten(file)}`));
  return `\n${lines.join('\n')}\n`;
}

function sentencesOn(summary: AuditSummary): readonly string[] {
  const { packages, licences, holders, failures } = summary;
  const found = `${count(packages, 'package')}, ${count(licences, 'licence')}, ${count(holders, 'copyright holder')}.`;
  const unreadable = `${count(failures, 'file')} could not be read; the report says which and why.`;
  return [
    ...(packages > 0 ? [found, comparisonOf(summary)] : ['No installed packages were found in this folder.']),
    ...(failures > 0 ? [unreadable] : []),
  ];
}

function comparisonOf({ agreeing, disagreeing, unknown, withoutText }: AuditSummary): string {
  const parts = [
    `Field and text agree for ${agreeing}`,
    ...(disagreeing > 0 ? [`disagree for ${disagreeing}`] : []),
    ...(unknown > 0 ? [`${unknown} custom, undeclared or without licence`] : []),
    ...(withoutText > 0 ? [`${withoutText} without the text`] : []),
  ];
  return `${parts.join('; ')}.`;
}

/** In one line where there is room, else in two. */
function findingLine({ name, version, declared, licence, verdict }: BriefFinding, width: number): string {
  const who = version === '' ? name : `${name}@${version}`;
  const said = declared === '' ? 'no field' : `field ${declared}`;
  const found = verdict === 'custom' || verdict === 'nothing' ? licence.toLowerCase() : `text ${licence}`;
  const oneLine = `  ${who.padEnd(34)} ${said}, ${found}`;
  if (oneLine.length <= width) return oneLine;
  return [`  ${who}`, ...wrap(`${said}, ${found}`, width - 4).map((text) => `    ${text}`)].join('\n');
}
