import { silentLogger, type Logger } from '@certoai/loom-core';
import type { CosmosTraceOptions } from './cosmos/cosmos-trace-options.js';
import { wholeNumber } from './internal/numeric-option.js';
import { KeptValues, type MaskedField } from './recording/kept-values.js';
import type { TraceStore } from './store/trace-store.js';

export interface ExecutionTraceRecorderOptions {
  /** Where and how long traces are kept in Cosmos DB. Only with a Cosmos client. */
  readonly cosmos?: CosmosTraceOptions | undefined;
  /** Where traces are kept, such as a `SqliteTraceStore`; it stays open. Not with a Cosmos client. @default in this process */
  readonly store?: TraceStore | undefined;
  /** Executions kept in memory; the one that was not heard of for the longest time goes first. Count, 1 to 1_000_000. @default 1_000 */
  readonly maxExecutions?: number | undefined;
  /** Spans kept in memory, over all executions. Count, 1 to 10_000_000. @default 200_000 */
  readonly maxSpans?: number | undefined;
  /** Events that wait to be folded into spans; beyond them new ones are dropped and counted. Count, 1 to 10_000_000. @default 100_000 */
  readonly maxBufferedEvents?: number | undefined;
  /** Values that are replaced by `[masked]` before anything is kept. @default none */
  readonly mask?: readonly MaskedField[] | undefined;
  /** Hears of losses, once for each kind. @default silent */
  readonly logger?: Logger | undefined;
}

export interface ResolvedRecorderOptions {
  readonly maxExecutions: number;
  readonly maxSpans: number;
  readonly maxBufferedEvents: number;
  readonly kept: KeptValues;
  readonly logger: Logger;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveRecorderOptions(options: ExecutionTraceRecorderOptions = {}): ResolvedRecorderOptions {
  const { maxExecutions, maxSpans, maxBufferedEvents, mask = [], logger = silentLogger } = options;
  return {
    maxExecutions: wholeNumber('maxExecutions', maxExecutions, 1_000, 1_000_000),
    maxSpans: wholeNumber('maxSpans', maxSpans, 200_000, 10_000_000),
    maxBufferedEvents: wholeNumber('maxBufferedEvents', maxBufferedEvents, 100_000, 10_000_000),
    kept: new KeptValues(mask),
    logger,
  };
}
