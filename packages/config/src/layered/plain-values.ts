import { invalidConfig } from '../config-error.js';
import { forbiddenKeys, isPlain } from '../validation/plain-data.js';

/** Any value that survives JSON unchanged. */
export type PlainValue = null | boolean | number | string | readonly PlainValue[] | PlainValues;
export interface PlainValues {
  readonly [key: string]: PlainValue;
}

/**
 * A frozen copy of plain data, without members that are `undefined`.
 * @param place - where `given` is, for messages
 * @param above - the objects that `given` is inside of
 * @throws ConfigError `LOOM_INVALID_CONFIG` when something in it is no plain data
 */
export function copyPlainValue(given: unknown, place: string, above: readonly object[] = []): PlainValue {
  const refuse = (text: string): never => {
    throw invalidConfig({ kind: 'wrong-value', message: `${place} ${text}` });
  };
  if (given === null || typeof given === 'string' || typeof given === 'boolean') return given;
  if (typeof given === 'number')
    return Number.isFinite(given) ? given : refuse(`is ${given}. Give a finite number.`);
  if (!Array.isArray(given) && !isPlain(given)) return refuse('is no plain data. Give what JSON can hold.');
  if (above.includes(given)) return refuse('contains itself. Give what JSON can hold.');
  const copyMember = (key: string, member: unknown): PlainValue => {
    if (!forbiddenKeys.includes(key)) return copyPlainValue(member, `${place}.${key}`, [...above, given]);
    const message = `${place}.${key} is a key that could change the prototype of objects. Remove it.`;
    throw invalidConfig({ kind: 'forbidden-key', message });
  };
  if (Array.isArray(given)) return Object.freeze(given.map((item, index) => copyMember(String(index), item)));
  const members = Object.entries(given).filter(([, member]) => member !== undefined);
  return Object.freeze(Object.fromEntries(members.map(([key, member]) => [key, copyMember(key, member)])));
}

/** Objects are merged key by key; anything else in `above` replaces what is below it, lists as a whole. */
export function mergePlainValues(below: PlainValues, above: PlainValues): PlainValues {
  const merged: Record<string, PlainValue> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isValues(under) && isValues(value) ? mergePlainValues(under, value) : value;
  }
  return Object.freeze(merged);
}

/** The value at a path of keys; `undefined` when there is none. */
export function plainValueAt(values: PlainValues, path: readonly string[]): PlainValue | undefined {
  return path.reduce<PlainValue | undefined>(
    (value, key) => (isValues(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    values,
  );
}

/** Paths of everything that is not an object with keys. */
export function leafPaths(values: PlainValues): readonly (readonly string[])[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const below = isValues(value) ? leafPaths(value) : [];
    return below.length === 0 ? [[key]] : below.map((path) => [key, ...path]);
  });
}

/** Freezes `value` and the plain objects and lists in it. */
export function freezeDeep<Value>(value: Value): Value {
  if ((!Array.isArray(value) && !isPlain(value)) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  Object.values(value).forEach(freezeDeep);
  return value;
}

function isValues(value: PlainValue | undefined): value is PlainValues {
  return isPlain(value);
}
