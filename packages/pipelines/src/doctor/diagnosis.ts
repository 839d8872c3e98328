/** What was looked at: this process, the configuration, or a store that it names. */
export type DiagnosisPart = 'node' | 'config' | 'embedded' | 'redis' | 'cosmos';

/** `error`: it does not work, or loses data. `warning`: it may, or is slow. `ok`: as it should be. */
export type FindingSeverity = 'ok' | 'warning' | 'error';

/** One thing that was looked at. Plain data without secrets. */
export interface Finding {
  readonly part: DiagnosisPart;
  /** What of it, such as `persistence`. */
  readonly check: string;
  readonly severity: FindingSeverity;
  /** What was seen, for people. */
  readonly message: string;
  /** What to do, for people; there unless it is `ok`. */
  readonly fix?: string;
  /** The figures behind it, with their unit in the name. */
  readonly measured?: Readonly<Record<string, number | string>>;
}

/** What `diagnose` found. Plain JSON data. */
export interface Diagnosis {
  /** By part, in the order they were looked at; what is well is listed, too. */
  readonly findings: readonly Finding[];
  /** The gravest of them. */
  readonly worst: FindingSeverity;
}

export function diagnosisOf(findings: readonly Finding[]): Diagnosis {
  const worst = (['error', 'warning', 'ok'] as const).find((severity) =>
    findings.some((finding) => finding.severity === severity),
  );
  return { findings, worst: worst ?? 'ok' };
}
