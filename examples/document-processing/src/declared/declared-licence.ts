import correct from 'spdx-correct';
import { type Choices, formatChoices, parseExpression } from './spdx-expression.ts';

/** What a package.json says about its licence. */
export interface DeclaredLicence {
  /**
   * - `valid`: an SPDX expression
   * - `corrected`: something that clearly means one, such as "Apache 2"
   * - `legacy`: the old object or list form
   * - `see-file`: "SEE LICENSE IN <file>"
   * - `unlicensed`: "UNLICENSED", no rights granted
   * - `unclear`: anything else
   * - `missing`: nothing
   */
  readonly kind: 'valid' | 'corrected' | 'legacy' | 'see-file' | 'unlicensed' | 'unclear' | 'missing';
  /** As written, shortened to 200 characters. */
  readonly raw: string;
  /** As SPDX expression; empty for the last four kinds. */
  readonly expression: string;
  readonly choices: Choices;
}

/** @param manifest - a parsed package.json */
export function declaredLicence(manifest: {
  readonly license?: unknown;
  readonly licenses?: unknown;
}): DeclaredLicence {
  const field = manifest.license ?? manifest.licenses;
  const raw = (typeof field === 'string' ? field : (JSON.stringify(field) ?? '')).slice(0, 200);
  if (field === undefined || field === null || raw.trim() === '') return nothing('missing', '');
  if (typeof field === 'string') return fromText(field.trim(), raw);

  const types = (Array.isArray(field) ? field : [field]).map((entry: unknown) => typeOf(entry));
  const choices = types.map((type) => (type === undefined ? undefined : fromText(type, type).choices));
  if (types.length === 0 || choices.some((each) => each === undefined || each.length === 0))
    return nothing('unclear', raw);
  // The old list form meant "any of these".
  return known(
    'legacy',
    raw,
    choices.flatMap((each) => each ?? []),
  );
}

/** The file of "SEE LICENSE IN <file>", if the package.json says so. */
export function licenceFileNamed(manifest: { readonly license?: unknown }): string | undefined {
  if (typeof manifest.license !== 'string') return undefined;
  return /^\s*see licen[cs]e in\s+(?:the\s+)?["'`]?(?:\.\/)?([\w.\- /]+?)["'`]?\s*$/i.exec(
    manifest.license,
  )?.[1];
}

function fromText(text: string, raw: string): DeclaredLicence {
  if (/^unlicensed$/i.test(text)) return nothing('unlicensed', raw);
  if (/^see licen[cs]e in/i.test(text)) return nothing('see-file', raw);
  const choices = parseExpression(text);
  if (choices) return known('valid', raw, choices);
  const corrected = correct(text);
  const meant = corrected === null ? undefined : parseExpression(corrected);
  return meant ? known('corrected', raw, meant) : nothing('unclear', raw);
}

/** Entries of the old forms: `"MIT"`, `{ "type": "MIT" }`, `{ "name": "MIT" }`. */
function typeOf(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { type, name } = entry as { readonly type?: unknown; readonly name?: unknown };
  return [type, name].find((value) => typeof value === 'string');
}

function known(kind: DeclaredLicence['kind'], raw: string, choices: Choices): DeclaredLicence {
  return { kind, raw, expression: formatChoices(choices), choices };
}

function nothing(kind: DeclaredLicence['kind'], raw: string): DeclaredLicence {
  return { kind, raw, expression: '', choices: [] };
}
