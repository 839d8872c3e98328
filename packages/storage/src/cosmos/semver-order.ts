/** By precedence, lowest first. https://semver.org/spec/v2.0.0.html#spec-item-11 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  for (let place = 0; place < 3; place++) {
    const order = compareParts(a.numbers[place] ?? '', b.numbers[place] ?? '');
    if (order !== 0) return order;
  }
  // A release comes after all that was tried out before it.
  if (a.tried.length === 0 || b.tried.length === 0) return b.tried.length - a.tried.length;
  for (let place = 0; ; place++) {
    const [one, other] = [a.tried[place], b.tried[place]];
    if (one === undefined || other === undefined) return a.tried.length - b.tried.length;
    const order = compareParts(one, other);
    if (order !== 0) return order;
  }
}

export function isPrerelease(version: string): boolean {
  return partsOf(version).tried.length > 0;
}

function partsOf(version: string): {
  readonly numbers: readonly string[];
  readonly tried: readonly string[];
} {
  const [precedence = ''] = version.split('+', 1);
  const dash = precedence.indexOf('-');
  if (dash < 0) return { numbers: precedence.split('.'), tried: [] };
  return { numbers: precedence.slice(0, dash).split('.'), tried: precedence.slice(dash + 1).split('.') };
}

/** Numbers by value, before words; words by their ASCII characters. */
function compareParts(left: string, right: string): number {
  const [a, b] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (a !== b) return a ? -1 : 1;
  // Without leading zeros, the longer number is the larger one.
  if (a && left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}
