import type { ErrorRecord } from '../worker/task.js';

/** The `Error` an {@link ErrorRecord} describes: same name, message, code, stack and causes, class lost. */
export function errorFromRecord(record: ErrorRecord): Error {
  const cause = record.cause && errorFromRecord(record.cause);
  const error = new Error(record.message, cause && { cause });
  const shown = { name: record.name, stack: record.stack, code: record.code, retryable: record.retryable };
  for (const [key, value] of Object.entries(shown)) {
    if (value === undefined) continue;
    const enumerable = key === 'code' || key === 'retryable';
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  }
  return error;
}
