/** A piece of a template string. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'expression'; readonly source: string; readonly start: number }
  /** `${` without its closing brace, at `start`. */
  | { readonly kind: 'unclosed'; readonly start: number };

/**
 * Splits a string at its `${ … }`. `$${` is a literal `${`. Linear: no character is looked at more than
 * a constant number of times, closed or not.
 */
export function splitTemplate(text: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let literal = '';
  let position = 0;
  const flush = (): void => {
    if (literal !== '') parts.push({ kind: 'text', text: literal });
    literal = '';
  };
  for (;;) {
    const dollar = text.indexOf('$', position);
    if (dollar === -1) break;
    literal += text.slice(position, dollar);
    if (text.startsWith('$${', dollar)) {
      literal += '${';
      position = dollar + 3;
    } else if (text.startsWith('${', dollar)) {
      const end = closingBrace(text, dollar + 2);
      flush();
      if (end === -1) {
        parts.push({ kind: 'unclosed', start: dollar });
        return parts;
      }
      parts.push({ kind: 'expression', source: text.slice(dollar + 2, end), start: dollar });
      position = end + 1;
    } else {
      literal += '$';
      position = dollar + 1;
    }
  }
  literal += text.slice(position);
  flush();
  return parts;
}

/** The text between `${` and `}` when the whole of `text` is one expression, else `undefined`. */
export function wholeExpression(text: string): string | undefined {
  if (!text.startsWith('${') || !text.endsWith('}')) return undefined;
  return closingBrace(text, 2) === text.length - 1 ? text.slice(2, -1) : undefined;
}

/**
 * Index of the brace that closes the one before `start`, or -1. JMESPath has braces of its own
 * (`{a: b}`) and three kinds of quotes that may hold any: 'raw', "identifier", `literal`. In each a
 * backslash escapes itself and the quote, and nothing else (the library's lexer, `consume…`).
 */
export function closingBrace(text: string, start: number): number {
  let open = 1;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (character === '}') {
      open -= 1;
      if (open === 0) return index;
    } else if (character === '{') {
      open += 1;
    } else if (character === "'" || character === '"' || character === '`') {
      index = closingQuote(text, index);
      if (index === -1) return -1;
    }
  }
  return -1;
}

/** Whether a quote is opened and never closed; the library would silently close it at the end. */
export function hasOpenQuote(source: string): boolean {
  for (let index = 0; index < source.length; index += 1) {
    const character = source[index];
    if (character !== "'" && character !== '"' && character !== '`') continue;
    index = closingQuote(source, index);
    if (index === -1) return true;
  }
  return false;
}

function closingQuote(text: string, start: number): number {
  const quote = text[start];
  for (let index = start + 1; index < text.length; index += 1) {
    const character = text[index];
    if (character === quote) return index;
    const next = text[index + 1];
    if (character === '\\' && (next === '\\' || next === quote)) index += 1;
  }
  return -1;
}
