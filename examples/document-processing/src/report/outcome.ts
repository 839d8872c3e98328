import type { BriefFinding } from '../actors/report-writers.ts';
import type { AuditOutcome } from '../run-audit.ts';
import { count, wrap } from './words.ts';

/** Findings shown on the screen; the reports have all. */
const maxFindings = 10;

/** The last words of an audit: the sum, the worst of it, and where to read more. */
export function renderOutcome(
  { summary, findings, files }: AuditOutcome,
  shorten: (file: string) => string,
  width: number,
): string {
  const lines: string[] = [];
  if (summary.packages === 0) lines.push('No installed packages were found in this folder.');
  else {
    lines.push(
      `${count(summary.packages, 'package')}, ${count(summary.licences, 'licence')}, ${count(summary.holders, 'copyright holder')}.`,
    );
    const parts = [
      `Field and text agree for ${summary.agreeing}`,
      ...(summary.disagreeing > 0 ? [`disagree for ${summary.disagreeing}`] : []),
      ...(summary.unknown > 0 ? [`${summary.unknown} custom, undeclared or without licence`] : []),
      ...(summary.withoutText > 0 ? [`${summary.withoutText} without the text`] : []),
    ];
    lines.push(...wrap(`${parts.join('; ')}.`, Math.max(20, width)));
  }
  if (summary.failures > 0)
    lines.push(`${count(summary.failures, 'file')} could not be read; the report says which and why.`);
  if (findings.length > 0)
    lines.push('', ...findings.slice(0, maxFindings).map((finding) => line(finding, width)));
  if (findings.length > maxFindings) lines.push(`  and ${findings.length - maxFindings} more in the report`);
  lines.push('', 'Reports:', ...[files.html, files.markdown, files.json].map((file) => `  ${shorten(file)}`));
  return `\n${lines.join('\n')}\n`;
}

function line({ name, version, declared, licence, verdict }: BriefFinding, width: number): string {
  const said = declared === '' ? 'no field' : `field ${declared}`;
  const found = verdict === 'custom' || verdict === 'nothing' ? licence.toLowerCase() : `text ${licence}`;
  const text = `  ${(version === '' ? name : `${name}@${version}`).padEnd(34)} ${said}, ${found}`;
  return text.length > width ? `${text.slice(0, Math.max(20, width - 1))}…` : text;
}
