import { Actor } from '@certoai/loom';
import type { FoundPackage } from '../find/find-packages.ts';
import { fieldSection, readAllSections, readReadmeSections, type SectionRef } from '../read/read-sections.ts';
import type { Pace } from './pace.ts';

/**
 * Three ways to read a package; the rules of the stage choose one. This one is an `Actor`: it has a
 * `context`, which knows what it works on and takes reports on how it goes.
 */
export class LicenceReader extends Actor<FoundPackage> {
  readonly #pace: Pace;

  constructor(pace: Pace) {
    super();
    this.#pace = pace;
  }

  override async onReceive(found: FoundPackage): Promise<readonly SectionRef[]> {
    await this.#pace.next(this.context.signal);
    return readAllSections(found);
  }
}

/** For packages with nothing but a readme. */
export async function readmeReader(found: FoundPackage): Promise<readonly SectionRef[]> {
  return readReadmeSections(found);
}

/** For packages without any of these files: only the field of package.json is left to ask. */
export function fieldReader(found: FoundPackage): readonly SectionRef[] {
  return [fieldSection(found)];
}
