import type { ErrorRecord } from '../worker/task.js';
import { LoomError } from './loom-error.js';
import type { LoomErrorCode } from './loom-error.js';

/** The error an {@link ErrorRecord} describes: same name, message, code, stack and causes. Of classes only `LoomError` is kept. */
export function errorFromRecord({ cause, code, message, name, stack, retryable }: ErrorRecord): Error {
  const options = cause && { cause: errorFromRecord(cause) };
  const isOurs = name === 'LoomError' && code !== undefined;
  const error = isOurs
    ? new LoomError(code as LoomErrorCode, message, {}, options)
    : new Error(message, options);
  // Not among its members, as in any error.
  if (stack !== undefined) Object.defineProperty(error, 'stack', { value: stack, enumerable: false });
  if (!isOurs) Object.defineProperty(error, 'name', { value: name, enumerable: false });
  return Object.assign(error, code !== undefined && { code }, retryable !== undefined && { retryable });
}
