import parse from 'spdx-expression-parse';

/** The ways to satisfy an expression: any one of these, each with all of its licences. */
export type Choices = readonly (readonly string[])[];

/** `undefined` when it is no SPDX expression. */
export function parseExpression(expression: string): Choices | undefined {
  try {
    return choicesOf(parse(expression));
  } catch {
    return undefined;
  }
}

/** `(A OR B) AND C` is `A AND C`, or `B AND C`. */
function choicesOf(node: parse.Info): Choices {
  if ('license' in node) {
    const plus = node.plus === true ? '+' : '';
    const exception = node.exception === undefined ? '' : ` WITH ${node.exception}`;
    return [[`${node.license}${plus}${exception}`]];
  }
  const [left, right] = [choicesOf(node.left), choicesOf(node.right)];
  if (node.conjunction === 'or') return [...left, ...right];
  return left.flatMap((one) => right.map((other) => [...one, ...other]));
}

/** `(Apache-2.0 AND BSD-3-Clause) OR MIT`: in the order of the alphabet, so that equal choices read alike; empty for none. */
export function formatChoices(choices: Choices): string {
  const texts = new Set(choices.map((all) => [...new Set(all)].toSorted().join(' AND ')));
  const alternatives = [...texts].toSorted();
  return alternatives
    .map((text) => (alternatives.length > 1 && text.includes(' AND ') ? `(${text})` : text))
    .join(' OR ');
}

/**
 * What a text can tell: `GPL-2.0-only` and `GPL-2.0-or-later` are the same words, and an exception stands
 * in another file.
 */
export function textFamily(id: string): string {
  return id.replace(/ WITH .*$/, '').replace(/(?:-only|-or-later|\+)$/, '');
}
