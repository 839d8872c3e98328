import type { LogFields, Logger } from '../ports/logger.js';
import type { Random } from '../ports/random.js';
import { ManualClock } from './manual-clock.js';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** What makes a worker repeatable: `new ActorWorker('test', setup)`. */
export interface TestSetup {
  /** Time stands still until the test moves it. */
  readonly clock: ManualClock;
  /** Always one half. */
  readonly random: Random;
  /** Writes to {@link log}. */
  readonly logger: Logger;
  /** Everything that was logged, with the fields of every `child`. */
  readonly log: readonly LogLine[];
}

export function createTestSetup(): TestSetup {
  const log: LogLine[] = [];
  return { clock: new ManualClock(), random: () => 0.5, logger: recordingLogger(log, {}), log };
}

function recordingLogger(log: LogLine[], own: LogFields): Logger {
  const write =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}): void =>
      void log.push({ level, message, fields: { ...own, ...fields } });
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => recordingLogger(log, { ...own, ...fields }),
  };
}
