import type { Origin } from '../layers/origin.js';

/** A value that was given for a setting, and where. */
export interface GivenValue {
  readonly value: unknown;
  readonly origin: Origin;
  /** `env:NAME` or `file:/path`, when the value was given so. */
  readonly reference?: string | undefined;
}

/** The value that won, and the ones it won over, highest layer first. */
export interface SettledSetting extends GivenValue {
  readonly overrode: readonly GivenValue[];
}

/** Settings by path, such as `redis.port`. */
export type SettledSettings = ReadonlyMap<string, SettledSetting>;
