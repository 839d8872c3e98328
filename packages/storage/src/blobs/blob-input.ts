import { LoomError } from '@certoai/loom-core';

const longestKey = 500;
const keyPattern = /^(?!(?:.*\/)?\.\.?(?:\/|$))[\w.-]{1,120}(?:\/[\w.-]{1,120})*$/;

/** @throws LoomError `LOOM_INVALID_INPUT` */
export function checkKey(key: string): void {
  if (typeof key === 'string' && key.length <= longestKey && keyPattern.test(key)) return;
  const shown = typeof key === 'string' ? JSON.stringify(key.slice(0, longestKey)) : `of type ${typeof key}`;
  const message =
    `The key of a blob is ${shown}; give 1 to ${longestKey} characters: segments of 1 to 120 letters, digits, ` +
    '".", "_" or "-", not "." and "..", with one slash between two.';
  throw new LoomError('LOOM_INVALID_INPUT', message, { key: shown });
}

/** @throws LoomError `LOOM_INVALID_INPUT` */
export function checkBlob(key: string, text: string): void {
  checkKey(key);
  if (typeof text === 'string' && (text as string & { isWellFormed(): boolean }).isWellFormed()) return;
  const message = `Blob "${key}" is no text, or has a lone surrogate; give text that UTF-8 can hold. Nothing was stored.`;
  throw new LoomError('LOOM_INVALID_INPUT', message, { key });
}

export function closedError(): LoomError {
  return new LoomError('LOOM_CLOSED', 'The blob store is closed. Open a new one to go on.');
}
