import { systemClock } from '@certoai/loom-core';

/** How long the server may take to answer before its connection is taken for dead. */
const patienceMs = 10_000;

export interface StalledWatchOptions {
  /** Between two looks while nothing is active anywhere. */
  readonly idleMs: number;
  /** Between two looks while something is. */
  readonly activeMs: number;
  /** Deliveries that anybody has, and messages that could be delivered. */
  readonly look: () => Promise<{ readonly active: number; readonly waiting: number }>;
  /** Makes ready what dead processes had. */
  readonly recover: () => Promise<void>;
  /** There is a message, of which a process may have been told that died since. */
  readonly onWaiting: () => void;
  /** The server did not answer in time: it may have vanished without closing its connections. */
  readonly onSilence: () => void;
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
    const { idleMs, activeMs, look, recover, onWaiting, onSilence, onError } = this.#options;
    let pauseMs = activeMs;
    const cancelSilence = systemClock.setTimer(patienceMs, onSilence);
    try {
      const { active, waiting } = await look();
      if (waiting > 0) onWaiting();
      if (active > 0) await recover();
      else pauseMs = idleMs;
    } catch (error) {
      onError(error);
      pauseMs = idleMs;
    } finally {
      cancelSilence();
    }
    if (!this.#stopped) this.#cancelTimer = systemClock.setTimer(pauseMs, () => void this.#look());
  }
}
