import type { Loom } from '@certoai/loom';
import { copyrightExtractor } from './copyright-extractor.ts';
import { differenceExplainer } from './difference-explainer.ts';
import { fieldParser } from './field-parser.ts';
import { GroupConsolidator } from './group-consolidator.ts';
import { LicenceClassifier } from './licence-classifier.ts';
import { licenceJudge } from './licence-judge.ts';
import { Pace } from './pace.ts';
import { packageFinder } from './package-finder.ts';
import { fieldReader, LicenceReader, readmeReader } from './readers.ts';
import { htmlWriter, markdownWriter, reportComposer } from './report-writers.ts';

/**
 * Gives the names in the pipeline a body. Functions, classes with `process`, classes that extend `Actor`, and
 * factories (for those that need something to begin with) all do.
 * @param slowMs - waits this long for each package; milliseconds, 0 or more
 */
export function registerActors(loom: Pick<Loom, 'registerActor'>, slowMs: number): void {
  const pace = new Pace(slowMs);
  loom.registerActor('package-finder', packageFinder);
  loom.registerActor('licence-reader', { create: () => new LicenceReader(pace) });
  loom.registerActor('readme-reader', readmeReader);
  loom.registerActor('field-reader', fieldReader);
  loom.registerActor('field-parser', fieldParser);
  loom.registerActor('licence-classifier', LicenceClassifier);
  loom.registerActor('copyright-extractor', copyrightExtractor);
  loom.registerActor('licence-judge', licenceJudge);
  loom.registerActor('group-consolidator', GroupConsolidator);
  loom.registerActor('difference-explainer', differenceExplainer);
  loom.registerActor('report-composer', reportComposer);
  loom.registerActor('markdown-writer', markdownWriter);
  loom.registerActor('html-writer', htmlWriter);
}
