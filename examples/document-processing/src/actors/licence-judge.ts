import type { Finding } from '../judge/findings.ts';
import { type JudgedPackage, judgePackage } from '../judge/judge-package.ts';

export function licenceJudge({
  id,
  findings,
}: {
  readonly id: string;
  readonly findings: readonly Finding[];
}): JudgedPackage {
  return judgePackage(id, findings);
}
