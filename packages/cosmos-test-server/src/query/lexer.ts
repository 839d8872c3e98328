import { badRequest } from '../protocol-error.js';

export interface Token {
  readonly kind: 'keyword' | 'name' | 'parameter' | 'number' | 'string' | 'placeholder' | 'symbol' | 'end';
  /** Keywords in lower case, strings without quotes. */
  readonly text: string;
  /** Where it stands in the query: from, and up to but without. */
  readonly start: number;
  readonly end: number;
}

const keywords: ReadonlySet<string> = new Set(
  (
    'select distinct top value from join in where group by order asc desc offset limit and or not between ' +
    'like escape as exists array true false null undefined udf'
  ).split(' '),
);

const pattern = new RegExp(
  [
    String.raw`\s+|--[^\n]*`,
    String.raw`(?<name>[A-Za-z_][A-Za-z0-9_]*)`,
    String.raw`(?<parameter>@[A-Za-z0-9_]+)`,
    String.raw`(?<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)`,
    String.raw`(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`,
    // Clients put it into the rewritten query of a plan, or replace it.
    String.raw`(?<placeholder>\{documentdb-[a-z-]+\})`,
    String.raw`(?<symbol>!=|<>|<=|>=|\?\?|\|\||<<|>>>|>>|[-+*/%=<>()[\]{},.:?|&^~!])`,
  ].join('|'),
  'y',
);

/** @throws ProtocolError 400 */
export function tokenize(query: string): readonly Token[] {
  const tokens: Token[] = [];
  let start = 0;
  while (start < query.length) {
    pattern.lastIndex = start;
    const match = pattern.exec(query);
    if (match === null) throw syntaxError(query.slice(start, start + 10));
    const token = tokenOf(match.groups ?? {}, start, pattern.lastIndex);
    if (token) tokens.push(token);
    start = pattern.lastIndex;
  }
  tokens.push({ kind: 'end', text: '<end>', start: query.length, end: query.length });
  return tokens;
}

export function syntaxError(near: string): Error {
  return badRequest(`Syntax error, incorrect syntax near '${near}'.`);
}

function tokenOf(
  groups: Readonly<Record<string, string | undefined>>,
  start: number,
  end: number,
): Token | undefined {
  const found = Object.entries(groups).find(([, text]) => text !== undefined);
  if (found === undefined) return undefined;
  const [group, text = ''] = found;
  const lower = text.toLowerCase();
  if (group === 'name' && keywords.has(lower)) return { kind: 'keyword', text: lower, start, end };
  const kind = group as Token['kind'];
  return { kind, text: kind === 'string' ? unquote(text) : text, start, end };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

function unquote(text: string): string {
  return text
    .slice(1, -1)
    .replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, letter = '') =>
      code === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16)),
    );
}
