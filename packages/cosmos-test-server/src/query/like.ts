/** `%` stands for any text, `_` for one character; `undefined` for what is not text. */
export function isLike(value: unknown, pattern: unknown, escape: unknown): boolean | undefined {
  if (typeof value !== 'string' || typeof pattern !== 'string') return undefined;
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    let letter = pattern[i] ?? '';
    const isLiteral = letter === escape;
    if (isLiteral) letter = pattern[++i] ?? '';
    if (!isLiteral && letter === '%') source += '.*';
    else if (!isLiteral && letter === '_') source += '.';
    else source += letter.replace(/[.*+?^${}()|[\]\\]/, String.raw`\$&`);
  }
  return new RegExp(`^${source}$`, 's').test(value);
}
