import { isObject } from './is-object.js';

/** Whether `value` is to be awaited: a promise of any library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof (value as { then?: unknown }).then === 'function';
}
