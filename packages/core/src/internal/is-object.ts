/** Neither a primitive nor a function. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** For messages: `null`, or what `typeof` says. */
export function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
