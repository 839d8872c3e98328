/** Keys that reach an object's prototype when code copies them carelessly. No setting is called so. */
export const forbiddenKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];

export interface Oddity {
  readonly path: readonly string[];
  readonly kind: 'forbidden-key' | 'not-plain';
}

/** What in `value` is not plain data: keys that could change a prototype, and instances of classes. */
export function odditiesIn(value: unknown): readonly Oddity[] {
  const found: Oddity[] = [];
  // YAML anchors can make the same object appear a million times, or inside itself.
  const seen = new Set<unknown>();
  const visit = (part: unknown, path: readonly string[]): void => {
    if (typeof part !== 'object' || part === null || seen.has(part)) return;
    seen.add(part);
    if (!Array.isArray(part) && !isPlain(part)) return void found.push({ path, kind: 'not-plain' });
    for (const [key, child] of Object.entries(part)) {
      if (forbiddenKeys.includes(key)) found.push({ path: [...path, key], kind: 'forbidden-key' });
      else visit(child, [...path, key]);
    }
  };
  visit(value, []);
  return found;
}

/** Whether `value` is an object of keys and values, made in this realm or another. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return (
    prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'toString'))
  );
}
