/** Names and values, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type Interpolated =
  | { readonly text: string; /** Variables that were named, in order. */ readonly names: readonly string[] }
  | { readonly problem: string };

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?message}` as a POSIX shell does: the last two also when the
 * variable is empty. A default may hold further variables, and no other `}`. `$${` is a literal `${`.
 */
export function interpolate(text: string, environment: Environment): Interpolated {
  const names: string[] = [];
  /** Reads up to the end, or inside braces up to the `}` that closes them. */
  const read = (start: number, isInBraces: boolean): { readonly text: string; readonly end: number } => {
    let result = '';
    let i = start;
    while (i < text.length) {
      if (isInBraces && text[i] === '}') return { text: result, end: i + 1 };
      if (text.startsWith('$${', i)) {
        result += '${';
        i += 3;
      } else if (text.startsWith('${', i)) {
        const { text: value, end } = readVariable(i);
        result += value;
        i = end;
      } else {
        result += text[i];
        i += 1;
      }
    }
    if (isInBraces) throw new Refusal('has a "${" without "}". For a literal "${" write "$${".');
    return { text: result, end: i };
  };
  const readVariable = (start: number): { readonly text: string; readonly end: number } => {
    const [opening, name = '', operator = ''] =
      /^\$\{([A-Za-z_]\w*)(:-|:\?|(?=\}))/.exec(text.slice(start)) ?? [];
    if (opening === undefined) {
      throw new Refusal(
        'has a "${" that starts none of ${NAME}, ${NAME:-default} and ${NAME:?message}. For a literal "${" write "$${".',
      );
    }
    names.push(name);
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    const rest = readLazily(start + opening.length, operator !== '' && isGiven(value));
    if (operator === '') {
      if (value !== undefined) return { text: value, end: rest.end };
      throw new Refusal(
        `needs the environment variable ${name}, which is not set. Set it, or give a default: \${${name}:-…}.`,
      );
    }
    if (isGiven(value)) return { text: value, end: rest.end };
    if (operator === ':-') return rest;
    const why = rest.text.trim() === '' ? 'Set it.' : rest.text.trim();
    throw new Refusal(
      `needs the environment variable ${name}, which is ${value === undefined ? 'not set' : 'empty'}: ${why}`,
    );
  };
  /** A default that is not used may name variables that are not set. */
  const readLazily = (start: number, isUnused: boolean): { readonly text: string; readonly end: number } => {
    if (!isUnused) return read(start, true);
    const known = names.length;
    const { end } = skip(start);
    names.length = known;
    return { text: '', end };
  };
  const skip = (start: number): { readonly end: number } => {
    for (let i = start, depth = 1; i < text.length; i++) {
      if (text.startsWith('$${', i)) i += 2;
      else if (text.startsWith('${', i)) [depth, i] = [depth + 1, i + 1];
      else if (text[i] === '}') depth -= 1;
      if (depth === 0) return { end: i + 1 };
    }
    throw new Refusal('has a "${" without "}". For a literal "${" write "$${".');
  };
  try {
    return { text: read(0, false).text, names };
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.message };
    throw error;
  }
}

/** Text that {@link interpolate} turns back into `text`, whatever the environment. */
export function escapeInterpolation(text: string): string {
  // A function, because "$$" means "$" in a replacement text.
  return text.replaceAll('${', () => '$${');
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

class Refusal extends Error {}
