import { ConfigError } from '../../src/index.js';

/** The error that `work` rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<ConfigError> {
  const outcome = await work.then(
    () => new Error('It did not fail.'),
    (error: unknown) => error,
  );
  if (outcome instanceof ConfigError) return outcome;
  throw outcome;
}
