import type { ErrorRecord } from '../worker/task.js';

const maxCauses = 8;
const maxTextLength = 16_384;

/**
 * Any thrown value as data that crosses processes and is stored. Never throws, whatever was thrown.
 * Causes beyond the eighth and text beyond 16 384 characters are cut; `retryable: false` is kept.
 */
export function errorRecord(error: unknown): ErrorRecord {
  return recordOf(error, maxCauses);
}

function recordOf(error: unknown, causesLeft: number): ErrorRecord {
  if (!isErrorLike(error)) return { name: 'NonError', message: `Not an Error was thrown: ${describe(error)}` };
  const code = read(error, 'code');
  const stack = read(error, 'stack');
  const cause = causesLeft > 0 ? read(error, 'cause') : undefined;
  return {
    name: text(read(error, 'name')) ?? 'Error',
    message: text(read(error, 'message')) ?? '',
    ...((typeof code === 'string' || typeof code === 'number') && { code: String(code) }),
    ...(typeof stack === 'string' && { stack: cut(stack) }),
    ...(read(error, 'retryable') === false && { retryable: false }),
    ...(cause !== undefined && cause !== null && { cause: recordOf(cause, causesLeft - 1) }),
  };
}

/** An `Error` of any realm, or what a library throws in its place: an object with a name or code, and a message. */
function isErrorLike(error: unknown): error is object {
  if (typeof error !== 'object' || error === null) return false;
  try {
    if (error instanceof Error) return true;
  } catch {
    return false;
  }
  const named = read(error, 'name') ?? read(error, 'code');
  return named !== undefined && typeof read(error, 'message') === 'string';
}

function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? cut(value) : undefined;
}

function cut(value: string): string {
  return value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return cut(JSON.stringify(value));
  if (typeof value === 'function') return 'a function';
  try {
    return cut((typeof value === 'object' && JSON.stringify(value)) || String(value));
  } catch {
    return 'a value that cannot be read';
  }
}
