export interface LeaseTimes {
  /** Life of a lock without renewal. */
  readonly lockMs: number;
  /** Between two renewals of a lock. */
  readonly renewEveryMs: number;
  /** Between two looks for dead processes while anything is active. */
  readonly checkEveryMs: number;
  /** Between two looks while nothing is. */
  readonly idleCheckEveryMs: number;
}

/**
 * A process that died renewed its locks for the last time before; they end after `lockMs`, are found within
 * `checkEveryMs`, and a tenth of the lease is left to deliver. The event loop may be blocked for
 * `lockMs - renewEveryMs`, seven tenths of the lease, without anybody taking over.
 * An idle look must come before a lock ends, because BullMQ recovers only what an earlier look has marked.
 */
export function leaseTimes(leaseMs: number): LeaseTimes {
  return {
    lockMs: Math.floor(leaseMs * 0.8),
    renewEveryMs: Math.floor(leaseMs * 0.1),
    checkEveryMs: Math.floor(leaseMs * 0.1),
    idleCheckEveryMs: Math.floor(leaseMs * 0.7),
  };
}
