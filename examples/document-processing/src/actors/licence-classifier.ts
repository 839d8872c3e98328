import { join } from 'node:path';
import type { TextFinding } from '../judge/findings.ts';
import { type Classification, classifyText } from '../match/classify-text.ts';
import { spdxIndex } from '../match/spdx-index.ts';
import { aboutFile } from '../read/not-readable.ts';
import type { SectionRef } from '../read/read-sections.ts';
import { readText } from '../read/read-text.ts';
import { linesOf } from '../read/split-sections.ts';

/** A class needs no base class to be an actor: one that has `process(message)` will do. */
export class LicenceClassifier {
  async process({ path, kind, ...section }: SectionRef): Promise<TextFinding> {
    if (kind === 'field')
      throw new TypeError('A field is no text; the rules of the stage send it to field-parser.');
    const file = join(path, section.file);
    const text = await readText(file).catch((error: unknown) => {
      throw aboutFile(`${section.packageId}/${section.file}`, error);
    });
    return { finding: 'text', ...section, document: kind, ...this.#classify(linesOf(text, section)) };
  }

  #classify(text: string): Classification {
    return classifyText(text, spdxIndex());
  }
}
