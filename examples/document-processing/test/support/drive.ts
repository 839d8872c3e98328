import { copyrightExtractor } from '../../src/actors/copyright-extractor.ts';
import { differenceExplainer } from '../../src/actors/difference-explainer.ts';
import { fieldParser } from '../../src/actors/field-parser.ts';
import { LicenceClassifier } from '../../src/actors/licence-classifier.ts';
import { consolidateGroup } from '../../src/consolidate/consolidate-group.ts';
import { findPackages } from '../../src/find/find-packages.ts';
import { groupBy } from '../../src/group-by.ts';
import type { Finding } from '../../src/judge/findings.ts';
import { judgePackage } from '../../src/judge/judge-package.ts';
import { readAllSections } from '../../src/read/read-sections.ts';
import { type AuditReport, composeReport } from '../../src/report/audit-report.ts';

/** What the pipeline does, in a few lines and without Loom: the actors as functions, one after the other. */
export async function auditWithoutLoom(folder: string): Promise<AuditReport> {
  const { packages, problems } = await findPackages(folder);
  const sections = (await Promise.all(packages.map(readAllSections))).flat();
  const classifier = new LicenceClassifier();
  const classified = await Promise.allSettled(
    sections.map((section) =>
      section.kind === 'field' ? fieldParser(section) : classifier.process(section),
    ),
  );
  const copyright = await Promise.allSettled(sections.filter(({ leaf }) => leaf).map(copyrightExtractor));
  const findings = [...classified, ...copyright].flatMap((each): Finding[] =>
    each.status === 'fulfilled' ? [each.value] : [],
  );
  const judged = [...groupBy(findings, ({ packageId }) => packageId)].map(([id, some]) =>
    judgePackage(id, some),
  );
  const odd = judged.filter(({ verdict }) => verdict === 'differs' || verdict === 'custom');
  const explanations = await Promise.all(
    odd.flatMap(({ id, texts }) =>
      texts
        .filter(({ kind }) => kind !== 'exact')
        .map((text) => differenceExplainer({ folder, packageId: id, text })),
    ),
  );
  const groups = [...groupBy(judged, ({ licence }) => licence)].map(([licence, some]) =>
    consolidateGroup(licence, some),
  );
  const failures = classified.flatMap((each) =>
    each.status === 'rejected' ? [String((each.reason as Error).message)] : [],
  );
  const moment = '2026-01-02T03:04:05.000Z';
  return composeReport(
    { folder, startedAt: moment, packages: judged, groups, explanations, problems, failures },
    moment,
  );
}
