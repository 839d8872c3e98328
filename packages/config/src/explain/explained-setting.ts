import { describeOrigin, type Origin } from '../layers/origin.js';
import type { Setting } from '../schema/setting.js';
import type { GivenValue, SettledSettings } from '../settle/settled-setting.js';

/** Why a setting has its value. */
export interface ExplainedSetting extends ExplainedValue {
  /** Such as `redis.port`. */
  readonly path: string;
  /** The values it won over, highest layer first. */
  readonly overrode: readonly ExplainedValue[];
}

export interface ExplainedValue {
  /** `[redacted]` for a secret. */
  readonly value: unknown;
  /** Where it was given, for a reader: `loom.config.yaml:4`, `REDIS_URL`, `default`. */
  readonly from: string;
  /** The same for a program. */
  readonly origin: Origin;
}

export function explainSettings(
  settled: SettledSettings,
  settings: readonly Setting[],
  cwd: string | undefined,
): readonly ExplainedSetting[] {
  const explain = ({ value, origin, reference }: GivenValue, secret: boolean): ExplainedValue => {
    const place = describeOrigin(origin, cwd);
    return {
      // A Redis address of which nothing was used has no value of its own here.
      value: secret || value === undefined ? '[redacted]' : value,
      from: reference === undefined ? place : `${reference} in ${place}`,
      origin,
    };
  };
  return settings.flatMap(({ path, secret }) => {
    const setting = settled.get(path);
    if (setting === undefined) return [];
    const overrode = setting.overrode.map((given) => explain(given, secret));
    return [{ path, ...explain(setting, secret), overrode }];
  });
}
