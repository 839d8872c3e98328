import type { JsonValue } from '@certoai/loom-core';
import { pathText, valueText, type DefinitionIssue, type PathSegment } from '../definition-issue.js';
import { didYouMean, nearestName } from '../nearest-name.js';
import { accept, type Check } from './check.js';
import { keywords } from './keywords.js';
import { isList, isObject, kindText, own, type JsonObject } from './values.js';

type Path = readonly PathSegment[];

/** Keywords that speak to readers and tools and say nothing about validity. */
const annotations: readonly string[] = (
  '$schema $id $comment $defs definitions title description default examples example ' +
  'deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema'
).split(' ');

/** Read together with another keyword. */
const companions: readonly string[] = ['then', 'else', 'minContains', 'maxContains'];

const silent = new Set([...annotations, ...companions]);

/** Turns a schema into checks, and collects what is wrong with the schema. */
export class SchemaCompiler {
  readonly issues: DefinitionIssue[] = [];
  readonly #root: JsonValue;
  readonly #references = new Map<string, Check>();

  constructor(root: JsonValue) {
    this.#root = root;
  }

  compile(schema: JsonValue, path: Path): Check {
    if (schema === true) return accept;
    if (schema === false) return (value, at, report) => report(at, kindText(value), 'nothing here');
    if (!isObject(schema)) {
      this.refuse(path, `is ${valueText(schema)}; expected a JSON Schema.`);
      return accept;
    }
    const checks = Object.keys(schema).flatMap((name) => this.#keyword(name, schema, path));
    // A mistake in a definition that nothing uses is found now, and not with its first use.
    for (const group of ['$defs', 'definitions']) {
      const named = schema[group];
      if (named === undefined) continue;
      for (const [, part, at] of this.entries(named, [...path, group])) this.compile(part, at);
    }
    const [only] = checks;
    if (checks.length === 1 && only !== undefined) return only;
    return (value, at, report) => {
      for (const check of checks) check(value, at, report);
    };
  }

  schemas(value: JsonValue, path: Path): readonly Check[] {
    if (isList(value) && value.length === 0)
      this.refuse(path, 'is an empty list; expected one schema or more.');
    return this.list(value, path).map((part, index) => this.compile(part, [...path, index]));
  }

  count(value: JsonValue, path: Path): number {
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    this.refuse(path, `is ${valueText(value)}; expected a whole number, 0 or more.`);
    return 0;
  }

  list(value: JsonValue, path: Path): readonly JsonValue[] {
    if (isList(value)) return value;
    this.refuse(path, `is ${valueText(value)}; expected a list.`);
    return [];
  }

  names(value: JsonValue, path: Path): readonly string[] {
    const list = this.list(value, path);
    const names = list.filter((name) => typeof name === 'string');
    if (names.length < list.length)
      this.refuse(path, 'has an entry that is no text; expected names of fields.');
    return names;
  }

  /** The parts of an object by name, each with its own path. */
  entries(value: JsonValue, path: Path): readonly (readonly [key: string, part: JsonValue, path: Path])[] {
    if (isObject(value))
      return Object.entries(value).map(([key, part]) => [key, part, [...path, key]] as const);
    this.refuse(path, `is ${valueText(value)}; expected an object.`);
    return [];
  }

  pattern(value: JsonValue, path: Path): RegExp {
    try {
      if (typeof value === 'string') return new RegExp(value, 'u');
    } catch {
      // Said below.
    }
    this.refuse(path, `has ${valueText(value)}, which is not a regular expression.`);
    return /(?:)/u;
  }

  refuse(segments: Path, text: string, suggestion?: string): void {
    const path = pathText(segments);
    this.issues.push({
      path,
      message: `${path} ${text}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  #keyword(name: string, schema: JsonObject, base: Path): readonly Check[] {
    if (silent.has(name) || name.startsWith('x-')) return [];
    const path = [...base, name];
    const value = schema[name] ?? null;
    if (name === '$ref') return [this.#reference(value, path)];
    const compile = Object.hasOwn(keywords, name) ? keywords[name] : undefined;
    if (compile !== undefined) return [compile({ value, path, schema, compiler: this })];
    const suggestion = nearestName(name, [...Object.keys(keywords), '$ref', ...silent]);
    this.refuse(
      path,
      `is not a keyword of JSON Schema that is known here${didYouMean(suggestion)}`,
      suggestion,
    );
    return [];
  }

  #reference(value: JsonValue, path: Path): Check {
    if (typeof value !== 'string' || !value.startsWith('#')) {
      this.refuse(path, `is ${valueText(value)}; expected a place in this schema, such as "#/$defs/file".`);
      return accept;
    }
    // Looked up when it runs, because the schema may refer to itself.
    const check: Check = (item, at, report) => this.#references.get(value)?.(item, at, report);
    if (this.#references.has(value)) return check;
    const target = pointer(this.#root, value.slice(1));
    if (target === undefined) {
      this.refuse(path, `is ${valueText(value)}, and there is nothing at that place in this schema.`);
      return accept;
    }
    this.#references.set(value, accept);
    const issuesBefore = this.issues.length;
    this.#references.set(value, this.compile(target, path));
    // What is wrong with the target is said where the target stands.
    this.issues.length = issuesBefore;
    return check;
  }
}

/** The part of `root` at a JSON pointer (RFC 6901), as it stands in a URI fragment. */
function pointer(root: JsonValue, fragment: string): JsonValue | undefined {
  if (fragment === '') return root;
  if (!fragment.startsWith('/')) return undefined;
  let part: JsonValue | undefined = root;
  for (const step of fragment.slice(1).split('/')) {
    if (typeof part !== 'object' || part === null) return undefined;
    part = own(part as JsonObject, decodeStep(step));
  }
  return part;
}

function decodeStep(step: string): string {
  let decoded = step;
  try {
    decoded = decodeURIComponent(step);
  } catch {
    // Not percent-encoded after all.
  }
  return decoded.replaceAll('~1', '/').replaceAll('~0', '~');
}
