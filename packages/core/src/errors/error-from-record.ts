import type { ErrorRecord } from '../worker/task.js';
import { LoomError } from './loom-error.js';
import type { LoomErrorCode } from './loom-error.js';

/** The `Error` an {@link ErrorRecord} describes: same name, message, code, stack and causes. Of classes only `LoomError` is kept. */
export function errorFromRecord(record: ErrorRecord): Error {
  const { name, message, code, stack, retryable } = record;
  const options = record.cause && { cause: errorFromRecord(record.cause) };
  const isOurs = name === 'LoomError' && code !== undefined;
  const error = isOurs ? new LoomError(code as LoomErrorCode, message, {}, options) : new Error(message, options);
  const shown = isOurs ? { stack, retryable } : { name, stack, code, retryable };
  for (const [key, value] of Object.entries(shown)) {
    if (value === undefined) continue;
    const enumerable = key === 'code' || key === 'retryable';
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  }
  return error;
}
