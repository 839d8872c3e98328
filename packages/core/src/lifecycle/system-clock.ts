import type { Clock } from '../ports/clock.js';

/** Node fires at once what is longer than this. */
const longestTimerMs = 2 ** 31 - 1;

/** Real time. A timer that is set keeps the process alive until it fires or is cancelled, unless it is background. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, callback, options) {
    let leftMs = delayMs;
    let timer: NodeJS.Timeout;
    const next = (): void => {
      const stepMs = Math.min(leftMs, longestTimerMs);
      leftMs -= stepMs;
      timer = setTimeout(leftMs > 0 ? next : callback, stepMs);
      if (options?.background === true) timer.unref();
    };
    next();
    return () => clearTimeout(timer);
  },
};
