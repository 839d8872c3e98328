export interface LeaseTimes {
  /** Life of a lock without renewal. */
  readonly lockMs: number;
  /** Between two renewals of a lock. */
  readonly renewEveryMs: number;
  /** Between two looks for dead processes, when no lock ends before. */
  readonly lookEveryMs: number;
}

/**
 * A process that died renewed its locks for the last time before. A look that sees a lock is followed by one when
 * it ends, and a lock that none saw was taken since the last look; so it is found within the longer of `lockMs`
 * and `lookEveryMs`, and more than a tenth of the lease is left to deliver. The event loop may be blocked for
 * `lockMs - renewEveryMs`, seven tenths of the lease, without anybody taking over.
 */
export function leaseTimes(leaseMs: number): LeaseTimes {
  return {
    lockMs: Math.floor(leaseMs * 0.8),
    renewEveryMs: Math.floor(leaseMs * 0.1),
    lookEveryMs: Math.floor(leaseMs * 0.85),
  };
}
