import { parseArgs } from 'node:util';

export interface AuditOptions {
  /** As given; absent: the workspace around the working directory. */
  readonly folder: string | undefined;
  /** Where the reports go. */
  readonly output: string;
  /** Where Loom keeps its state. */
  readonly store: string;
  /** Milliseconds to wait for each package, 0 to 60_000. */
  readonly slowMs: number;
  /** Give up an unfinished audit and begin a new one. */
  readonly fresh: boolean;
  readonly help: boolean;
}

export const usage = `Usage: npm start -- [folder] [options]

Audits the licences of everything installed below a folder.

  folder           default: the workspace around the working directory
  --output DIR     where the reports go (default: loom-report)
  --slow MS        wait so long for each package, to have time to look or to kill it (default: 0)
  --fresh          give up an unfinished audit of this folder instead of going on with it
  --store DIR      where Loom keeps its state (default: .loom/licence-audit)
  --help           show this
`;

/** @throws Error with a sentence for the reader when an argument is wrong */
export function parseOptions(args: readonly string[]): AuditOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      output: { type: 'string', default: 'loom-report' },
      store: { type: 'string', default: '.loom/licence-audit' },
      slow: { type: 'string', default: '0' },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (positionals.length > 1)
    throw new Error(`Give one folder; these are ${positionals.length}: ${positionals.join(', ')}.`);
  const slowMs = Number(values.slow);
  if (!(values.slow.trim() !== '' && slowMs >= 0 && slowMs <= 60_000)) {
    throw new Error(`--slow is ${JSON.stringify(values.slow)}; give milliseconds, 0 to 60000.`);
  }
  if (values.output === '' || values.store === '') throw new Error('--output and --store need a folder.');
  return {
    folder: positionals[0],
    output: values.output,
    store: values.store,
    slowMs,
    fresh: values.fresh,
    help: values.help,
  };
}
