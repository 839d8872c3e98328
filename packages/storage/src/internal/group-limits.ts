/** The group of one message, as every adapter stores it. */
export interface StoredGroup {
  readonly key: string;
  /** {@link limitsText} */
  readonly limits: string;
}

export interface GroupLimits {
  /** `Infinity` when there is none, as `limit`. */
  readonly concurrency: number;
  /** Deliveries begun in any window of `perMs`. */
  readonly limit: number;
  readonly perMs: number;
}

/** How long the limits of a group are known after it was last used; then those of the message at hand count. */
export const groupMemoryMs = 86_400_000;

/** Three numbers, each left out where there is no limit: `2,10,1000`. */
export function limitsText({
  concurrency,
  limit,
  perMs,
}: {
  readonly concurrency?: number | undefined;
  readonly limit?: number | undefined;
  readonly perMs?: number | undefined;
}): string {
  return [concurrency, limit, perMs].join();
}

export function parseLimits(text: string): GroupLimits {
  const [concurrency, limit, perMs] = text.split(',').map(Number);
  return { concurrency: concurrency || Infinity, limit: limit || Infinity, perMs: perMs ?? 0 };
}
