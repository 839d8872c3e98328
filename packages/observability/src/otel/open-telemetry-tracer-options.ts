import { silentLogger, type Logger } from '@certoai/loom-core';
import { invalidOption } from '../internal/invalid-option.js';
import { wholeNumber } from '../internal/numeric-option.js';
import { KeptValues, type MaskedField } from '../recording/kept-values.js';
import { LoomIdGenerator } from './loom-id-generator.js';

/** What is needed of a `Tracer` of `@opentelemetry/api`, which is not loaded for its types. */
export interface OpenTelemetryTracerLike {
  startSpan(name: string, options?: object, context?: object): object;
}

export interface OpenTelemetryTracerOptions {
  /** @default that of the global tracer provider, named `@certoai/loom-observability` */
  readonly tracer?: OpenTelemetryTracerLike | undefined;
  /** The `idGenerator` of the tracer's provider. @default none: ids are the provider's, and differ between processes */
  readonly ids?: LoomIdGenerator | undefined;
  /** Executions with open spans at a time; the oldest goes first. Count, 1 to 1_000_000. @default 10_000 */
  readonly maxExecutions?: number | undefined;
  /** Values that are replaced by `[masked]` before a span gets them. @default none */
  readonly mask?: readonly MaskedField[] | undefined;
  /** Hears of the first failure of the tracer. @default silent */
  readonly logger?: Logger | undefined;
}

export interface ResolvedOpenTelemetryTracerOptions {
  readonly tracer: OpenTelemetryTracerLike | undefined;
  readonly ids: LoomIdGenerator | undefined;
  readonly maxExecutions: number;
  readonly kept: KeptValues;
  readonly logger: Logger;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveOpenTelemetryTracerOptions(
  options: OpenTelemetryTracerOptions = {},
): ResolvedOpenTelemetryTracerOptions {
  const { tracer, ids, maxExecutions, mask = [], logger = silentLogger } = options;
  if (
    tracer !== undefined &&
    typeof (tracer as Partial<OpenTelemetryTracerLike> | null)?.startSpan !== 'function'
  ) {
    throw invalidOption('tracer', tracer, 'a Tracer of @opentelemetry/api, or nothing');
  }
  if (ids !== undefined && typeof (ids as Partial<LoomIdGenerator> | null)?.use !== 'function') {
    throw invalidOption('ids', ids, 'the LoomIdGenerator that the tracer provider has, or nothing');
  }
  return {
    tracer,
    ids,
    maxExecutions: wholeNumber('maxExecutions', maxExecutions, 10_000, 1_000_000),
    kept: new KeptValues(mask),
    logger,
  };
}
