// What callers are told when a value is out of range.

/** @throws RangeError */
export function wholeNumber(name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  throw new RangeError(`${name} is ${String(value)}; give a whole number, ${range}.`);
}

/** @throws RangeError */
export function oneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return;
  throw new RangeError(`${name} is ${JSON.stringify(value)}; give one of ${allowed.join(', ')}.`);
}
