import type { CopyrightNotice } from '../copyright/copyright.ts';
import type { DeclaredLicence } from '../declared/declared-licence.ts';
import type { Classification } from '../match/classify-text.ts';
import type { SectionRef } from '../read/read-sections.ts';

/** What the stages between reading and judging found out about one section of one package. */
export type Finding = FieldFinding | TextFinding | CopyrightFinding;

export interface FieldFinding {
  readonly finding: 'field';
  readonly packageId: string;
  /** Empty when package.json has none. */
  readonly name: string;
  readonly version: string;
  readonly declared: DeclaredLicence;
}

export interface TextFinding extends Omit<SectionRef, 'path' | 'kind'>, Classification {
  readonly finding: 'text';
  readonly document: Exclude<SectionRef['kind'], 'field'>;
}

export interface CopyrightFinding {
  readonly finding: 'copyright';
  readonly packageId: string;
  readonly bundled: boolean;
  readonly notices: readonly CopyrightNotice[];
}
