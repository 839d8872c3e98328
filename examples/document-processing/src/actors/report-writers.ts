import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type AuditReport,
  type AuditSummary,
  composeReport,
  type ReportInput,
} from '../report/audit-report.ts';
import { renderHtml } from '../report/html.ts';
import { renderMarkdown } from '../report/markdown.ts';

/** What the whole audit gives: where the reports are, and enough of them for a few lines on a screen. */
export interface ComposedReport {
  readonly json: string;
  readonly summary: AuditSummary;
  readonly findings: readonly BriefFinding[];
}

export interface BriefFinding {
  readonly name: string;
  readonly version: string;
  readonly verdict: string;
  readonly declared: string;
  readonly licence: string;
}

type ComposeInput = Omit<ReportInput, 'explanations'> & {
  readonly output: string;
  readonly explanations: ReportInput['explanations'] | null;
};

/** Writes the JSON report, and hands on where it is in place of what is in it. */
export async function reportComposer({
  output,
  explanations,
  ...input
}: ComposeInput): Promise<ComposedReport> {
  // `explain` was skipped when there was nothing to explain; its output is null then.
  const report = composeReport({ ...input, explanations: explanations ?? [] }, new Date().toISOString());
  const json = await write(join(output, 'licences.json'), `${JSON.stringify(report, null, 2)}\n`);
  const findings = report.findings.map(({ name, version, verdict, declared, licence }) => ({
    name,
    version,
    verdict,
    declared,
    licence,
  }));
  return { json, summary: report.summary, findings };
}

interface WriteInput {
  /** The JSON report. */
  readonly report: string;
  readonly output: string;
}

export async function markdownWriter({ report, output }: WriteInput): Promise<string> {
  return write(join(output, 'licences.md'), renderMarkdown(await read(report)));
}

export async function htmlWriter({ report, output }: WriteInput): Promise<string> {
  return write(join(output, 'licences.html'), renderHtml(await read(report)));
}

async function read(file: string): Promise<AuditReport> {
  return JSON.parse(await readFile(file, 'utf8')) as AuditReport;
}

/** Whole or not at all: after a crash this runs again, and nobody has seen half a report. */
async function write(file: string, text: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, text);
  await rename(part, file);
  return file;
}
