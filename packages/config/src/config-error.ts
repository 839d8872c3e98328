import type { Origin } from './layers/origin.js';

// The brand that every Loom error carries, so that `isLoomError` of core recognises this class too.
const brand: unique symbol = Symbol.for('loom.error') as never;

/**
 * - `LOOM_INVALID_CONFIG`: a file, the environment or an object holds something that cannot be used
 * - `LOOM_INVALID_OPTION`: an argument of a function of this package cannot be used
 * - `LOOM_NOT_FOUND`: a configuration file that was named does not exist
 */
export type ConfigErrorCode = 'LOOM_INVALID_CONFIG' | 'LOOM_INVALID_OPTION' | 'LOOM_NOT_FOUND';

/** What kind of thing is wrong, to branch on. */
export type ConfigProblemKind =
  | 'ambiguous-file'
  | 'conflict'
  | 'forbidden-key'
  | 'missing-setting'
  | 'syntax'
  | 'unknown-profile'
  | 'unknown-setting'
  | 'unreadable-file'
  | 'unresolved-reference'
  | 'wrong-value';

/** One thing that is wrong with a configuration. Never holds the value of a secret. */
export interface ConfigProblem {
  readonly kind: ConfigProblemKind;
  /** The setting, such as `redis.port`; absent when the problem is not about one setting. */
  readonly path?: string | undefined;
  /** Where the value was given, when it was given somewhere. */
  readonly origin?: Origin | undefined;
  /** What happened and what to do, as plain sentences. */
  readonly message: string;
}

/** What this package throws. With `LOOM_INVALID_CONFIG`, `details.problems` lists each {@link ConfigProblem}. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
  readonly [brand] = true;
  readonly code: ConfigErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ConfigErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Whether `error` is a {@link ConfigError} of any loaded copy of this package, and of `code` when one is given. */
export function isConfigError(error: unknown, code?: ConfigErrorCode): error is ConfigError {
  if (!(error instanceof Error) || error.name !== 'ConfigError' || !(brand in error)) return false;
  return code === undefined || (error as ConfigError).code === code;
}

/** One error for all that was found: a single problem speaks for itself, several become a list. */
export function invalidConfig(
  found: ConfigProblem | readonly ConfigProblem[],
  options?: ErrorOptions,
): ConfigError {
  const problems = [found].flat();
  const [first, ...more] = problems.map(({ message }) => message);
  const list = (): string =>
    `The configuration has ${problems.length} problems:\n- ${[first, ...more].join('\n- ')}`;
  return new ConfigError(
    'LOOM_INVALID_CONFIG',
    more.length === 0 ? `${first}` : list(),
    { problems },
    options,
  );
}
