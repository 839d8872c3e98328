import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

/** How often the loop is asked to be on time; milliseconds. */
const resolution = 10;
/** The histogram has the whole time from one timer to the next, in nanoseconds. */
const nanosecondsOnTime = resolution * 1e6;

/** @param interval - from one timer to the next; nanoseconds */
export function secondsLate(interval: number): number {
  return Math.max(0, interval - nanosecondsOnTime) / 1e9;
}

/** How late the event loop of this process came to its timers, from one reading to the next. */
export class EventLoopLag {
  #histogram: IntervalHistogram | undefined;

  /** Seconds by statistic; none at the first reading, which begins the measurement. Node's timer for it keeps no process alive. */
  read(): readonly (readonly [statistic: string, seconds: number])[] {
    const histogram = this.#histogram;
    if (histogram === undefined) {
      this.#histogram = monitorEventLoopDelay({ resolution });
      this.#histogram.enable();
      return [];
    }
    if (histogram.count === 0) return [];
    const readings = [
      ['mean', histogram.mean],
      ['p50', histogram.percentile(50)],
      ['p99', histogram.percentile(99)],
      ['max', histogram.max],
    ] as const;
    histogram.reset();
    return readings.map(([statistic, ns]) => [statistic, secondsLate(ns)]);
  }

  stop(): void {
    this.#histogram?.disable();
    this.#histogram = undefined;
  }
}
