import { isLoomError, LoomError } from '../errors/loom-error.js';

export interface JsonTextOptions {
  /** What the value is, for messages: `output of actor "resize"`. */
  readonly what: string;
  /** UTF-8 bytes the text may have. */
  readonly maxBytes: number;
}

const maxDepth = 1_000;

/**
 * Checks and serialises in one go. `toJSON` is honoured and `undefined` members are dropped, as in
 * `JSON.stringify`; `undefined` itself becomes `null`. What JSON would lose without a word is refused.
 * @throws LoomError `LOOM_NOT_SERIALISABLE` with the path of a function, symbol, BigInt, NaN, Infinity,
 *   cycle, array hole, instance of a class without `toJSON`, or more than 1000 levels
 * @throws LoomError `LOOM_PAYLOAD_TOO_LARGE`
 */
export function toJsonText(value: unknown, { what, maxBytes }: JsonTextOptions): string {
  let text: string;
  try {
    // The quick look has no path and no memory. Whatever it does not accept is walked again to name it.
    if (!isPlainJson(value, 0)) check(value, what, '$', '', []);
    text = JSON.stringify(value) ?? 'null';
  } catch (error) {
    if (isLoomError(error)) throw error;
    throw refusal(what, '$', 'something that cannot be read', error);
  }
  // A UTF-16 unit is 1 to 3 bytes of UTF-8, so most texts need no counting.
  if (text.length * 3 > maxBytes) refuseAbove(maxBytes, text, what);
  return text;
}

/** A UTF-16 unit takes at most three bytes, so the count is made only for texts near the limit. */
function refuseAbove(maxBytes: number, text: string, what: string): void {
  const bytes = text.length > maxBytes ? text.length : Buffer.byteLength(text);
  if (bytes <= maxBytes) return;
  const exact = Buffer.byteLength(text);
  const message = `The ${what} has ${exact} bytes as JSON; the limit is ${maxBytes}. Pass a reference to it, or raise the limit.`;
  throw new LoomError('LOOM_PAYLOAD_TOO_LARGE', message, { what, bytes: exact, maxBytes });
}

function isPlainJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return value - value === 0;
    case 'object':
      return value === null || (depth < 100 && isPlainContainer(value, depth + 1));
    default:
      return false;
  }
}

function isPlainContainer(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (item === undefined || !isPlainJson(item, depth)) return false;
    }
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    for (const key in value) {
      if (!isPlainJson((value as Record<string, unknown>)[key], depth)) return false;
    }
    return true;
  }
  return prototype === Date.prototype;
}

/** Throws for the first thing JSON cannot hold. */
function check(value: unknown, what: string, path: string, key: string, ancestors: object[]): void {
  if (typeof value === 'object' && value !== null) return checkObject(value, what, path, key, ancestors);
  if (typeof value === 'number' && !Number.isFinite(value)) throw refusal(what, path, String(value));
  if (typeof value === 'bigint') throw refusal(what, path, 'a BigInt');
  if (typeof value === 'function') throw refusal(what, path, value.name ? `the function "${value.name}"` : 'a function');
  if (typeof value === 'symbol') throw refusal(what, path, 'a symbol');
}

function checkObject(value: object, what: string, path: string, key: string, ancestors: object[]): void {
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') {
    const replaced: unknown = toJSON.call(value, key);
    // JSON.stringify does not call toJSON on what toJSON returned.
    if (replaced !== value) return check(withoutToJson(replaced), what, path, key, ancestors);
  }
  if (ancestors.includes(value)) throw refusal(what, path, 'a reference to an object that contains it');
  if (ancestors.length >= maxDepth) throw refusal(what, '$', `more than ${maxDepth} levels of nesting`);
  if (!Array.isArray(value) && !isPlain(value) && typeof toJSON !== 'function') {
    throw refusal(what, path, `an instance of ${className(value)} (give it a toJSON method, or pass plain data)`);
  }
  ancestors.push(value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (!(i in value)) throw refusal(what, `${path}[${i}]`, 'a hole in the array');
      check(value[i], what, `${path}[${i}]`, String(i), ancestors);
    }
  } else {
    for (const member of Object.keys(value)) {
      check((value as Record<string, unknown>)[member], what, memberPath(path, member), member, ancestors);
    }
  }
  ancestors.pop();
}

function withoutToJson(value: unknown): unknown {
  const again = typeof value === 'object' && value !== null && 'toJSON' in value && isPlain(value);
  return again ? { ...value, toJSON: undefined } : value;
}

/** Also for plain objects of another realm, whose prototype is that realm's `Object.prototype`. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'a class';
}

function memberPath(path: string, member: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(member) ? `${path}.${member}` : `${path}[${JSON.stringify(member)}]`;
}

function refusal(what: string, path: string, found: string, cause?: unknown): LoomError {
  const message = `The ${what} is not JSON: ${path} is ${found}.`;
  return new LoomError('LOOM_NOT_SERIALISABLE', message, { what, path, found }, cause === undefined ? {} : { cause });
}
