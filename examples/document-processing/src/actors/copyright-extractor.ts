import { join } from 'node:path';
import { extractCopyright } from '../copyright/copyright.ts';
import type { CopyrightFinding } from '../judge/findings.ts';
import { aboutFile } from '../read/not-readable.ts';
import type { SectionRef } from '../read/read-sections.ts';
import { readText } from '../read/read-text.ts';
import { linesOf } from '../read/split-sections.ts';

export async function copyrightExtractor({
  packageId,
  path,
  file,
  bundled,
  ...lines
}: SectionRef): Promise<CopyrightFinding> {
  const text = await readText(join(path, file)).catch((error: unknown) => {
    throw aboutFile(`${packageId}/${file}`, error);
  });
  return { finding: 'copyright', packageId, bundled, notices: extractCopyright(linesOf(text, lines)) };
}
