const string = String.raw`"(?:[\u0020\u0021\u0023-\u005B\u005D-\uFFFF]+|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"`;
const number = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?`;
const token = new RegExp(
  String.raw`\s*(?:([{}[\],:])|(${string})|(?:${number}|true|false|null)(?![\w.+-]))`,
  'y',
);

/** What may stand next. */
type Expected = 'value' | 'value-or-close' | 'key' | 'key-or-close' | 'colon' | 'comma-or-close' | 'end';

/**
 * Where a text that `JSON.parse` refuses stops being JSON. V8 says so in some versions, for some texts.
 * Linear, and for the error path only: it finds the place and builds nothing.
 */
export function jsonErrorOffset(text: string): number {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let offset = 0;
  for (;;) {
    const next = skipSpace(text, offset);
    token.lastIndex = offset;
    const match = token.exec(text);
    if (match === null) return next;
    const [, mark, key] = match;
    if (mark === '{' || mark === '[') {
      if (expected !== 'value' && expected !== 'value-or-close') return next;
      open.push(mark);
      expected = mark === '{' ? 'key-or-close' : 'value-or-close';
    } else if (mark === '}' || mark === ']') {
      const closes =
        expected === 'comma-or-close' || expected === (mark === '}' ? 'key-or-close' : 'value-or-close');
      if (!closes || open.pop() !== (mark === '}' ? '{' : '[')) return next;
      expected = open.length === 0 ? 'end' : 'comma-or-close';
    } else if (mark === ':') {
      if (expected !== 'colon') return next;
      expected = 'value';
    } else if (mark === ',') {
      if (expected !== 'comma-or-close') return next;
      expected = open.at(-1) === '{' ? 'key' : 'value';
    } else if (expected === 'key' || expected === 'key-or-close') {
      if (key === undefined) return next;
      expected = 'colon';
    } else {
      if (expected !== 'value' && expected !== 'value-or-close') return next;
      expected = open.length === 0 ? 'end' : 'comma-or-close';
    }
    offset = token.lastIndex;
  }
}

function skipSpace(text: string, start: number): number {
  let offset = start;
  while (' \t\n\r'.includes(text[offset] ?? 'x')) offset += 1;
  return offset;
}
