import { silentLogger, systemClock } from '@certoai/loom-core';
import type { BlobStoreCapabilities, Clock, Logger } from '@certoai/loom-core';
import { checkOption } from '../internal/execution-input.js';

export interface ClaimCheckOptions {
  /** Payloads of more bytes, as JSON text in UTF-8, become blobs. 1 or more. @default 262_144 */
  readonly thresholdBytes?: number | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
  /** Of blobs that could not be removed. @default silent */
  readonly logger?: Logger | undefined;
}

export type ResolvedClaimCheckOptions = {
  readonly [Name in keyof ClaimCheckOptions]-?: NonNullable<ClaimCheckOptions[Name]>;
};

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveClaimCheckOptions(options: ClaimCheckOptions = {}): ResolvedClaimCheckOptions {
  const { thresholdBytes = 262_144, clock = systemClock, logger = silentLogger } = options;
  checkOption('thresholdBytes', thresholdBytes, 1);
  return { thresholdBytes, clock, logger };
}

/** What is in two stores is as safe as in the weaker one. */
export function weaker(one: BlobStoreCapabilities, other: BlobStoreCapabilities): BlobStoreCapabilities {
  return { durable: one.durable && other.durable, shared: one.shared && other.shared };
}
