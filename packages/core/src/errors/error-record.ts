import { isObject } from '../internal/is-object.js';
import type { ErrorRecord } from '../worker/task.js';

const maxCauses = 8;
const maxLength = 16_384;

/**
 * Any thrown value as data that crosses processes and is stored. Never throws, whatever was thrown.
 * Causes beyond the eighth and text beyond 16 384 characters are cut; `retryable: false` is kept.
 */
export function errorRecord(error: unknown): ErrorRecord {
  return recordOf(error, maxCauses);
}

function recordOf(error: unknown, causesLeft: number): ErrorRecord {
  const [name, message, code, stack, retryable, cause] = read(error);
  // An Error of any realm, or what libraries throw in its place.
  if (typeof message !== 'string' || (name ?? code) === undefined) {
    return { name: 'NonError', message: `Not an Error was thrown: ${cut(describe(error))}` };
  }
  return {
    name: cut(name) ?? 'Error',
    message: message.slice(0, maxLength),
    code: cut(typeof code === 'number' ? String(code) : code),
    stack: cut(stack),
    retryable: retryable === false ? false : undefined,
    cause: cause == null || causesLeft === 0 ? undefined : recordOf(cause, causesLeft - 1),
  };
}

function read(error: unknown): unknown[] {
  return ['name', 'message', 'code', 'stack', 'retryable', 'cause'].map((key) => {
    try {
      return isObject(error) ? (error as Readonly<Record<string, unknown>>)[key] : undefined;
    } catch {
      return undefined;
    }
  });
}

function cut(text: unknown): string | undefined {
  return typeof text === 'string' ? text.slice(0, maxLength) : undefined;
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === 'bigint' ? `${value}n` : 'a value that cannot be read';
  }
}
