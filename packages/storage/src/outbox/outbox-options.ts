import { silentLogger, systemClock } from '@certoai/loom-core';
import type { Clock, Logger } from '@certoai/loom-core';
import { invalid } from '../internal/message-queue-options.js';

export interface OutboxPatternOptions {
  readonly relay?: OutboxRelayOptions | undefined;
  /** Of messages that were parked, and of calls that failed. @default silent */
  readonly logger?: Logger | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

export interface OutboxRelayOptions {
  /** Messages taken by one look into the outbox; 1 to 1000. @default 100 */
  readonly batchSize?: number | undefined;
  /** What a relay that died had taken goes out after at most this; milliseconds, 100 to 600_000. @default 10_000 */
  readonly leaseMs?: number | undefined;
  /** Between two looks for what other processes committed; milliseconds, 100 to 3_600_000. @default 5_000 */
  readonly idleMs?: number | undefined;
  /** Failed sends before a message is parked; 1 or more. Those for want of the queue do not count. @default 10 */
  readonly maxAttempts?: number | undefined;
  /**
   * What a parked message means for the later ones of its key. `block`: they wait until it is retried or
   * discarded, so that none goes out before it. `continue`: they go out. @default 'block'
   */
  readonly onPoison?: 'block' | 'continue' | undefined;
}

export interface ResolvedOutboxOptions {
  readonly relay: {
    readonly batchSize: number;
    readonly leaseMs: number;
    readonly idleMs: number;
    readonly maxAttempts: number;
    readonly blocks: boolean;
  };
  readonly logger: Logger;
  readonly clock: Clock;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveOutboxOptions(options: OutboxPatternOptions = {}): ResolvedOutboxOptions {
  const { relay = {}, logger = silentLogger, clock = systemClock } = options;
  const { batchSize = 100, leaseMs = 10_000, idleMs = 5_000, maxAttempts = 10, onPoison = 'block' } = relay;
  checkWhole('relay.batchSize', batchSize, 1, 1_000);
  checkWhole('relay.leaseMs', leaseMs, 100, 600_000);
  checkWhole('relay.idleMs', idleMs, 100, 3_600_000);
  checkWhole('relay.maxAttempts', maxAttempts, 1, Number.MAX_SAFE_INTEGER);
  if (onPoison !== 'block' && onPoison !== 'continue')
    throw invalid('relay.onPoison', onPoison, "give 'block' or 'continue'");
  return { relay: { batchSize, leaseMs, idleMs, maxAttempts, blocks: onPoison === 'block' }, logger, clock };
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  throw invalid(name, value, `give a whole number, ${range}`);
}
