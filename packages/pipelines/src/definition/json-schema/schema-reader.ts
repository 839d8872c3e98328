import type { JsonValue } from '@certoai/loom-core';
import { pathText, valueText, type DefinitionIssue, type PathSegment } from '../definition-issue.js';
import type { Check } from './check.js';
import { isList, isObject, type JsonObject } from './values.js';

/** A keyword of a schema: what stands there, where, and the schema around it. */
export interface Keyword {
  readonly value: JsonValue;
  readonly path: readonly PathSegment[];
  readonly schema: JsonObject;
  readonly reader: SchemaReader;
}

export type CompileKeyword = (keyword: Keyword) => Check;

/** Reads the values of keywords, and collects what is wrong with them. */
export class SchemaReader {
  readonly issues: DefinitionIssue[] = [];
  /** Compiles a schema inside the one that is read. */
  readonly compile: (schema: JsonValue | undefined, path: readonly PathSegment[]) => Check;

  constructor(compile: (schema: JsonValue | undefined, path: readonly PathSegment[]) => Check) {
    this.compile = compile;
  }

  number(value: JsonValue, path: readonly PathSegment[]): number {
    if (typeof value === 'number') return value;
    this.refuse(path, `is ${valueText(value)}; expected a number.`);
    return 1;
  }

  count(value: JsonValue, path: readonly PathSegment[]): number {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    this.refuse(path, `is ${valueText(value)}; expected a whole number, 0 or more.`);
    return 0;
  }

  list(value: JsonValue, path: readonly PathSegment[]): readonly JsonValue[] {
    if (isList(value)) return value;
    this.refuse(path, `is ${valueText(value)}; expected a list.`);
    return [];
  }

  names(value: JsonValue, path: readonly PathSegment[]): readonly string[] {
    const list = this.list(value, path);
    const names = list.filter((name) => typeof name === 'string');
    if (names.length < list.length)
      this.refuse(path, 'has an entry that is no text; expected names of fields.');
    return names;
  }

  /** The parts of an object, each with its own path. */
  entries(value: JsonValue, path: readonly PathSegment[]): readonly SchemaEntry[] {
    if (isObject(value))
      return Object.entries(value).map(([key, part]) => ({ key, part, path: [...path, key] }));
    this.refuse(path, `is ${valueText(value)}; expected an object.`);
    return [];
  }

  schemas(value: JsonValue, path: readonly PathSegment[]): readonly Check[] {
    const parts = this.list(value, path);
    if (isList(value) && parts.length === 0)
      this.refuse(path, 'is an empty list; expected one schema or more.');
    return parts.map((part, index) => this.compile(part, [...path, index]));
  }

  pattern(value: JsonValue, path: readonly PathSegment[]): RegExp {
    try {
      if (typeof value === 'string') return new RegExp(value, 'u');
    } catch {
      // Said below.
    }
    this.refuse(path, `has ${valueText(value)}, which is not a regular expression.`);
    return /(?:)/u;
  }

  refuse(segments: readonly PathSegment[], text: string, suggestion?: string): void {
    const path = pathText(segments);
    this.issues.push({
      path,
      message: `${path} ${text}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
}

export interface SchemaEntry {
  readonly key: string;
  readonly part: JsonValue;
  readonly path: readonly PathSegment[];
}
