/** Time as Loom sees it. Every path takes its time from here, so a test moves thirty days in a call. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Calls `callback` once, `delayMs` from now.
   * @param delayMs - milliseconds, 0 or more; longer than 2^31 - 1 is allowed.
   * @param options.background - housekeeping that must not keep the process alive. @default false
   * @returns the function that cancels it; calling that twice, or after the callback ran, does nothing.
   */
  setTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): () => void;
}
