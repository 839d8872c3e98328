/** What a check found. Plain data. */
export type CheckResult =
  | { readonly status: 'ok' }
  /** It works, and somebody should look: `reason` says why. */
  | { readonly status: 'degraded'; readonly reason: string }
  | { readonly status: 'failed'; readonly reason: string };

export interface HealthCheck {
  /**
   * Looks whether something works. What it throws is a failure, with the message as its reason, so a message
   * must hold no secrets.
   * @param signal - aborted when it is late
   * @returns nothing when all is well
   */
  readonly check: (
    signal: AbortSignal,
  ) => CheckResult | undefined | void | PromiseLike<CheckResult | undefined | void>;
  /**
   * What its failure means. `live`: this process is beyond help and should be started anew. `ready`: it can
   * take no work now. `nothing`: people should know. @default 'ready'
   */
  readonly decides?: 'live' | 'ready' | 'nothing' | undefined;
  /** How long it may take; then it has failed. Milliseconds, 1 to 60_000. @default that of the model */
  readonly timeoutMs?: number | undefined;
}

/** One check as it stands in a {@link HealthReport}. */
export interface CheckReport {
  readonly status: CheckResult['status'];
  /** Why it is not `ok`. */
  readonly reason?: string | undefined;
  readonly decides: 'live' | 'ready' | 'nothing';
  /** When its answer was there, or given up; milliseconds since the epoch. */
  readonly checkedAt: number;
  /** How long that took; milliseconds. */
  readonly durationMs: number;
}

/** Plain JSON data, for whatever serves it: 200 or 503 by `live` and `ready`. */
export interface HealthReport {
  /** False: a check failed that decides over the life of this process. */
  readonly live: boolean;
  /** False: not live, or a check failed that decides whether it can take work. */
  readonly ready: boolean;
  /** True: some check is not `ok`. */
  readonly degraded: boolean;
  /** Name and reason of every check that is not `ok`, in the order of the checks. */
  readonly reasons: readonly string[];
  /** By name. */
  readonly checks: Readonly<Record<string, CheckReport>>;
}
