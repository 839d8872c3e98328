import { silentLogger, systemClock, type Clock, type Logger } from '@certoai/loom-core';
import { invalidOption } from '../internal/invalid-option.js';
import { wholeNumber } from '../internal/numeric-option.js';

export interface LoomMetricsOptions {
  /**
   * Names of pipelines, of stages in pipelines, of actors in stages, and of queues, workers and breakers that
   * are told apart, each; what comes later is counted under `other`. Count, 1 to 100_000. @default 1_000
   */
  readonly maxSeries?: number | undefined;
  /** Executions that are followed at a time; the oldest goes first. Count, 1 to 10_000_000. @default 10_000 */
  readonly maxExecutions?: number | undefined;
  /** How long a source may take to be read; milliseconds, 1 to 60_000. @default 2_000 */
  readonly sourceTimeoutMs?: number | undefined;
  /** Whether to measure how late the event loop is; from the first collection on. @default true */
  readonly eventLoopLag?: boolean | undefined;
  /** Times the sources. @default the system's */
  readonly clock?: Clock | undefined;
  /** Hears of the first failure of each source. @default silent */
  readonly logger?: Logger | undefined;
}

export type ResolvedLoomMetricsOptions = {
  readonly [Key in keyof LoomMetricsOptions]-?: NonNullable<LoomMetricsOptions[Key]>;
};

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveLoomMetricsOptions(options: LoomMetricsOptions = {}): ResolvedLoomMetricsOptions {
  const {
    maxSeries,
    maxExecutions,
    sourceTimeoutMs,
    eventLoopLag = true,
    clock = systemClock,
    logger = silentLogger,
  } = options;
  if (typeof eventLoopLag !== 'boolean') throw invalidOption('eventLoopLag', eventLoopLag, 'true or false');
  return {
    maxSeries: wholeNumber('maxSeries', maxSeries, 1_000, 100_000),
    maxExecutions: wholeNumber('maxExecutions', maxExecutions, 10_000, 10_000_000),
    sourceTimeoutMs: wholeNumber('sourceTimeoutMs', sourceTimeoutMs, 2_000, 60_000),
    eventLoopLag,
    clock,
    logger,
  };
}
