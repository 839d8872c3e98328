import { extname } from 'node:path';
import { invalidConfig } from '../config-error.js';
import { place } from '../layers/origin.js';
import { keyLines, type LineOf } from './key-lines.js';

export interface ParsedDocument {
  readonly values: unknown;
  readonly lineOf: LineOf;
}

/**
 * Reads YAML 1.2 or, in a file called `*.json`, strict JSON. An empty YAML file is no settings.
 * @throws ConfigError `LOOM_INVALID_CONFIG` with file, line and column. The file's text is never part of it.
 */
export async function parseDocument(
  file: string,
  source: string,
  cwd: string | undefined,
): Promise<ParsedDocument> {
  const language = extname(file) === '.json' ? 'JSON' : 'YAML';
  const js = await import('js-yaml');
  try {
    // JSON is YAML: one parser finds the lines of both, the faults, and keys that are given twice.
    const events = js.parseEvents(source, { maxDepth: 20 });
    const [values = {}, another] = js.constructFromEvents(events, { source, maxAliases: 1000 });
    if (another !== undefined) throw new js.YAMLException('the file holds more than one document');
    if (language === 'JSON' && !isJson(source)) {
      const reason = 'comments, single quotes, bare words and trailing commas are for YAML';
      throw new js.YAMLException(source.trim() === '' ? 'the file is empty' : reason);
    }
    return { values, lineOf: keyLines(events, source, js) };
  } catch (error) {
    if (!(error instanceof js.YAMLException)) throw error;
    const { reason, mark } = error;
    const line = mark && mark.line + 1;
    const where = place(file, line, cwd) + (mark ? `:${mark.column + 1}` : '');
    // Without `cause`: the exception carries the text around the fault, which may hold a password.
    throw invalidConfig({
      kind: 'syntax',
      origin: { layer: 'file', file, line },
      message: `${where} is not valid ${language}: ${withoutQuotes(reason)}.`,
    });
  }
}

/** The parser's reasons quote text from the file only in these forms. */
function withoutQuotes(reason: string): string {
  return reason.replace(/\s*("[^]*"|!<[^]*>)/, '').replace(/ characters: [^]*$/, ' characters');
}

function isJson(source: string): boolean {
  try {
    JSON.parse(source.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
}
