import { extname } from 'node:path';
import { keyLines, type LineOf } from './key-lines.js';

export type ParsedDocument =
  | { readonly values: unknown; readonly lineOf: LineOf }
  | { readonly problem: string; readonly line: number | undefined; readonly column: number | undefined };

/** Reads YAML 1.2 or, in a file called `*.json`, strict JSON. Of the file's text, nothing is part of a problem. */
export async function parseDocument(file: string, text: string): Promise<ParsedDocument> {
  const source = text.replace(/^\uFEFF/, '');
  const language = extname(file) === '.json' ? 'JSON' : 'YAML';
  if (source.trim() === '') {
    return { problem: 'is empty. Give the metadata of an actor.', line: undefined, column: undefined };
  }
  const js = await import('js-yaml');
  try {
    // JSON is YAML: one parser finds the lines of both, the faults, and keys that are given twice.
    const events = js.parseEvents(source, { maxDepth: 100 });
    const [values, another] = js.constructFromEvents(events, { source, maxAliases: 1000 });
    if (another !== undefined) throw new js.YAMLException('the file holds more than one document');
    if (language === 'JSON' && !isJson(source)) {
      throw new js.YAMLException('comments, single quotes, bare words and trailing commas are for YAML');
    }
    return { values, lineOf: keyLines(events, source, js) };
  } catch (error) {
    if (!(error instanceof js.YAMLException)) throw error;
    const { reason, mark } = error;
    return {
      problem: `is not valid ${language}: ${withoutQuotes(reason)}.`,
      line: mark && mark.line + 1,
      column: mark && mark.column + 1,
    };
  }
}

/** The parser's reasons quote text from the file only in these forms. */
function withoutQuotes(reason: string): string {
  return reason.replace(/\s*("[^]*"|!<[^]*>)/, '').replace(/ characters: [^]*$/, ' characters');
}

function isJson(source: string): boolean {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}
