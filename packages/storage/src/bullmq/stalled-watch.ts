import { systemClock } from '@certoai/loom-core';

export interface StalledWatchOptions {
  /** Between two looks while nothing is active anywhere. */
  readonly idleMs: number;
  /** Between two looks while something is. */
  readonly activeMs: number;
  /** Deliveries that anybody has, and delayed messages whose time has come. */
  readonly look: () => Promise<{ readonly active: number; readonly due: number }>;
  /** Makes ready what dead processes had. */
  readonly recover: () => Promise<void>;
  /** There is a message that nobody may have been told of. */
  readonly onDue: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Finds the work of processes that died: rarely while there is none to find, often while there is. BullMQ
 * has a timer of one speed for that, which is either late or busy.
 */
export class StalledWatch {
  readonly #options: StalledWatchOptions;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;

  constructor(options: StalledWatchOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
  }

  async #look(): Promise<void> {
    const { idleMs, activeMs, look, recover, onDue, onError } = this.#options;
    let pauseMs = activeMs;
    try {
      const { active, due } = await look();
      if (due > 0) onDue();
      if (active > 0) await recover();
      else pauseMs = idleMs;
    } catch (error) {
      onError(error);
      pauseMs = idleMs;
    }
    if (!this.#stopped) this.#cancelTimer = systemClock.setTimer(pauseMs, () => void this.#look());
  }
}
