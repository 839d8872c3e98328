import { errorRecord } from '../errors/error-record.js';
import { LoomError } from '../errors/loom-error.js';

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
 *   array hole, instance of a class without `toJSON`, cycle, or more than 1000 levels
 * @throws LoomError `LOOM_PAYLOAD_TOO_LARGE`
 */
export function toJsonText(value: unknown, { what, maxBytes }: JsonTextOptions): string {
  let flaw: Flaw | undefined;
  let text = '';
  try {
    flaw = flawOf(value, 0);
    text = flaw ? '' : (JSON.stringify(value) ?? 'null');
  } catch (cause) {
    flaw = flawed(`something that cannot be read (${errorRecord(cause).message})`);
  }
  if (flaw) {
    const path = `$${flaw.path.length > 200 ? `${flaw.path.slice(0, 200)}…` : flaw.path}`;
    const message = `The ${what} is not JSON: ${path} is ${flaw.found}.`;
    throw new LoomError('LOOM_NOT_SERIALISABLE', message, { what, path, found: flaw.found });
  }
  // A unit of UTF-16 is at most three bytes of UTF-8: only texts near the limit are counted.
  const bytes = text.length * 3 > maxBytes ? Buffer.byteLength(text) : 0;
  if (bytes <= maxBytes) return text;
  const message = `The ${what} has ${bytes} bytes as JSON; the limit is ${maxBytes}. Pass a reference, or raise the limit.`;
  throw new LoomError('LOOM_PAYLOAD_TOO_LARGE', message, { what, bytes, maxBytes });
}

/** What JSON cannot hold, and where. The path is put together on the way out: sound values pay nothing for it. */
interface Flaw {
  path: string;
  readonly found: string;
}

function flawed(found: string): Flaw {
  return { path: '', found };
}

function flawOf(value: unknown, depth: number): Flaw | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : flawed(String(value));
    case 'object':
      return value === null ? undefined : flawIn(value, depth + 1);
    default:
      return flawed(`a ${typeof value}`);
  }
}

function flawIn(value: object, depth: number): Flaw | undefined {
  if (depth > maxDepth) return flawed(`in a cycle, or more than ${maxDepth} levels deep`);
  if (Array.isArray(value)) return flawInArray(value, depth);
  const flaw = flawInObject(value, depth);
  const { toJSON } = value as { toJSON?: unknown };
  // Its members do not matter then. A function among them is a flaw, so a plain object is not asked in vain.
  return flaw && typeof toJSON === 'function' ? flawOf(toJSON.call(value, ''), depth) : flaw;
}

function flawInArray(value: readonly unknown[], depth: number): Flaw | undefined {
  for (let i = 0; i < value.length; i++) {
    const item = value[i];
    const flaw = item === undefined && !(i in value) ? flawed('a hole in the array') : flawOf(item, depth);
    if (flaw) return within(`[${i}]`, flaw);
  }
  return undefined;
}

function flawInObject(value: object, depth: number): Flaw | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm has that realm's `Object.prototype`, which ends the chain too.
  if (prototype !== Object.prototype && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return flawed(`an instance of ${value.constructor?.name}, which has no toJSON`);
  }
  for (const key in value) {
    const flaw = flawOf((value as Record<string, unknown>)[key], depth);
    if (flaw) return within(/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`, flaw);
  }
  return undefined;
}

function within(step: string, flaw: Flaw): Flaw {
  flaw.path = step + flaw.path;
  return flaw;
}
