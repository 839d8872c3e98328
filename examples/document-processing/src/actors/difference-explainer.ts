import { join } from 'node:path';
import { type Explanation, explain } from '../judge/explain.ts';
import type { JudgedText } from '../judge/judge-package.ts';
import { spdxIndex } from '../match/spdx-index.ts';

interface OddText {
  readonly folder: string;
  readonly packageId: string;
  readonly text: JudgedText;
}

export async function differenceExplainer({ folder, packageId, text }: OddText): Promise<Explanation> {
  return explain({ packageId, path: join(folder, packageId), text }, spdxIndex());
}
