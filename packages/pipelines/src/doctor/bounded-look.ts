import type { Clock } from '@certoai/loom-core';
import type { DiagnosisPart, Finding } from './diagnosis.js';

/** A look at one part, finding by finding; on `signal` it closes what it opened, and ends. */
export interface Look {
  readonly part: DiagnosisPart;
  readonly begin: (signal: AbortSignal) => AsyncIterable<Omit<Finding, 'part'>>;
}

/** How long a look that was late may take to close what it opened. */
const closingMs = 1_000;

const whenLate: Readonly<Record<DiagnosisPart, string>> = {
  node: 'See what keeps this machine busy.',
  config: 'See whether the files that the configuration names are on a disk that hangs.',
  embedded: 'See whether the disk hangs.',
  redis: 'Check host, port and TLS, and that no firewall drops what is sent.',
  cosmos: 'Check the endpoint, and that no firewall drops what is sent.',
};

/** What a look finds in its time. Never rejects. */
export async function findingsOf(
  { part, begin }: Look,
  { timeoutMs, clock }: { readonly timeoutMs: number; readonly clock: Clock },
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const abort = new AbortController();
  const { signal } = abort;
  const looking = (async () => {
    try {
      for await (const finding of begin(signal)) {
        if (signal.aborted) return;
        findings.push({ part, ...finding });
      }
    } catch (error) {
      if (!signal.aborted) findings.push(unexpected(part, error));
    }
  })();
  if (await endsWithin(looking, timeoutMs, clock)) return findings;
  abort.abort();
  await endsWithin(looking, closingMs, clock);
  const message = `There was no answer within ${timeoutMs} ms.`;
  const fix = `${whenLate[part]} Or give it more time with timeoutMs.`;
  return [...findings, { part, check: 'answer', severity: 'error', message, fix }];
}

async function endsWithin(work: Promise<void>, ms: number, clock: Clock): Promise<boolean> {
  let cancel!: () => void;
  const late = new Promise<false>((resolve) => {
    cancel = clock.setTimer(ms, () => resolve(false));
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    cancel();
  }
}

function unexpected(part: DiagnosisPart, error: unknown): Finding {
  return {
    part,
    check: 'answer',
    severity: 'error',
    message: `The look ended with an error of no known kind: ${error instanceof Error ? error.message : String(error)}`,
    fix: 'Please report this with its message.',
  };
}
