import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LoomError } from '@certoai/loom-core';
import { deepFreeze } from './deep-freeze.js';
import { invalidDefinition, valueText, type DefinitionIssue } from './definition-issue.js';
import { rememberOrigin } from './definition-origin.js';
import { limits } from './limits.js';
import type { PipelineDefinition } from './pipeline-definition.js';
import { issuePlacer, lineAndColumn } from './yaml-positions.js';

export interface ParsePipelineOptions {
  readonly format: 'json' | 'yaml';
  /** What the text is called in errors, such as its file. @default none */
  readonly source?: string | undefined;
}

const formats: Readonly<Record<string, 'json' | 'yaml'>> = {
  '.json': 'json',
  '.yaml': 'yaml',
  '.yml': 'yaml',
};

/**
 * Reads a pipeline from a `.json`, `.yaml` or `.yml` file. The result is frozen; what it says is checked when
 * it is registered or started, with errors that name the file, and in YAML the line.
 * @param pathOrUrl - a path, or a `file:` URL
 * @throws LoomError `LOOM_NOT_FOUND` when there is no such file, `LOOM_INVALID_DEFINITION` when it is not
 * JSON or YAML, `LOOM_INVALID_OPTION` for another kind of file
 */
export async function loadPipeline(pathOrUrl: string | URL): Promise<PipelineDefinition> {
  const path = filePath(pathOrUrl);
  const format = formats[extname(path).toLowerCase()];
  if (format === undefined) {
    throw invalidOption(
      `${valueText(path)} is no .json, .yaml or .yml file; read it yourself and call parsePipeline(text, { format }).`,
    );
  }
  return parsePipeline(await readText(path), { format, source: path });
}

/**
 * Parses the text of a pipeline, as {@link loadPipeline} does.
 * @throws LoomError `LOOM_INVALID_DEFINITION` with file, line and column when it is not JSON or YAML
 */
export async function parsePipeline(
  text: string,
  { format, source }: ParsePipelineOptions,
): Promise<PipelineDefinition> {
  if (typeof text !== 'string') {
    throw new LoomError(
      'LOOM_INVALID_OPTION',
      `The text of a pipeline is ${valueText(text)}; give a string.`,
      {},
    );
  }
  if (text.length > limits.textLength) {
    const message = `The text has ${text.length} characters; expected at most ${limits.textLength}.`;
    throw invalidDefinition([{ path: '', message }], { source });
  }
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (format === 'json') return readJson(plain, source);
  if (format === 'yaml') return readYaml(plain, source);
  throw invalidOption(`format is ${valueText(format)}; expected "json" or "yaml".`);
}

function readJson(text: string, source: string | undefined): PipelineDefinition {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw notThatFormat('JSON', source, jsonProblem(text, cause), cause);
  }
  rememberOrigin(data, { source, place: (issue) => issue });
  return deepFreeze(data) as PipelineDefinition;
}

async function readYaml(text: string, source: string | undefined): Promise<PipelineDefinition> {
  const yaml = await import('js-yaml');
  try {
    const events = yaml.parseEvents(text, {});
    const schema = yaml.CORE_SCHEMA.withTags(yaml.mergeTag);
    const documents = yaml.constructFromEvents(events, { source: text, schema });
    const [data] = documents;
    if (documents.length === 0) throw new Error('it is empty');
    if (documents.length > 1) throw new Error(`it has ${documents.length} documents, and a pipeline is one`);
    rememberOrigin(data, { source, place: issuePlacer(yaml, text, events) });
    return deepFreeze(data) as PipelineDefinition;
  } catch (cause) {
    throw notThatFormat('YAML', source, yamlProblem(cause), cause);
  }
}

interface SyntaxProblem {
  readonly reason: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

function notThatFormat(
  format: string,
  source: string | undefined,
  problem: SyntaxProblem,
  cause: unknown,
): LoomError {
  const { reason, line, column } = problem;
  const issue: DefinitionIssue = {
    path: '',
    message: `The text is not valid ${format}: ${reason}.`,
    line,
    column,
  };
  const error = invalidDefinition([issue], { source });
  return new LoomError(error.code, error.message, error.details, { cause });
}

function yamlProblem(cause: unknown): SyntaxProblem {
  if (cause instanceof RangeError) return { reason: 'it is nested too deeply' };
  const { reason, mark, message } = cause as {
    readonly reason?: string;
    readonly mark?: { readonly line: number; readonly column: number };
    readonly message?: string;
  };
  const text = reason ?? message ?? 'unknown error';
  return mark === undefined
    ? { reason: text }
    : { reason: text, line: mark.line + 1, column: mark.column + 1 };
}

function jsonProblem(text: string, cause: unknown): SyntaxProblem {
  if (text.trim() === '') return { reason: 'it is empty' };
  // V8 names the position, or quotes the text around it.
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason = message
    .replace(/^./, (first) => first.toLowerCase())
    .replace(/( in JSON.*| is not valid JSON| \(line \d+ column \d+\))$/s, '');
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? { reason } : { reason, ...lineAndColumn(text, Number(position)) };
}

function filePath(pathOrUrl: string | URL): string {
  const url = pathOrUrl instanceof URL ? pathOrUrl.href : pathOrUrl;
  if (typeof url !== 'string' || url === '') {
    throw invalidOption(`The pipeline's file is ${valueText(url)}; give a path or a file: URL.`);
  }
  if (url.startsWith('file:')) return fileURLToPath(url);
  if (!/^[A-Za-z][A-Za-z0-9+.-]+:\/\//.test(url)) return url;
  throw invalidOption(
    `${valueText(url)} is not a file; fetch it yourself and call parsePipeline(text, { format }).`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as { readonly code?: string };
    const missing = code === 'ENOENT';
    const message = missing ? 'does not exist' : `cannot be read (${code})`;
    const error = missing ? 'LOOM_NOT_FOUND' : 'LOOM_INVALID_OPTION';
    throw new LoomError(error, `The pipeline file ${valueText(path)} ${message}.`, { path }, { cause });
  }
}

function invalidOption(message: string): LoomError {
  return new LoomError('LOOM_INVALID_OPTION', message);
}
