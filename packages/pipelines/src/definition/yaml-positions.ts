import type { Event, ScalarEvent } from 'js-yaml';
import { pathText, type DefinitionIssue, type PathSegment } from './definition-issue.js';

type Yaml = typeof import('js-yaml');

/**
 * Adds line and column to issues of a definition that was read from YAML. A path that is not in the text
 * (something is missing) gets the place of what it is missing from.
 */
export function issuePlacer(
  yaml: Yaml,
  text: string,
  events: readonly Event[],
): (issue: DefinitionIssue) => DefinitionIssue {
  let offsets: ReadonlyMap<string, number> | undefined;
  return (issue) => {
    if (issue.line !== undefined) return issue;
    offsets ??= offsetsByPath(yaml, text, events);
    for (let path = issue.path; path !== ''; path = parentPath(path)) {
      const offset = offsets.get(path);
      if (offset !== undefined) return { ...issue, ...lineAndColumn(text, offset) };
    }
    return issue;
  };
}

/** Line and column of an offset, both from 1. */
export function lineAndColumn(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function parentPath(path: string): string {
  const cut = Math.max(path.lastIndexOf('.'), path.lastIndexOf('['));
  return cut === -1 ? '' : path.slice(0, cut);
}

/** A mapping or sequence that is open while the events are read. */
interface Open {
  readonly kind: 'mapping' | 'sequence' | 'document';
  readonly path: readonly PathSegment[];
  /** Of a mapping: the key whose value comes next. */
  key: string | undefined;
  /** Of a sequence: items so far. */
  count: number;
}

function offsetsByPath(yaml: Yaml, text: string, events: readonly Event[]): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  const open: Open[] = [];
  for (const event of events) {
    if (event.type === yaml.EVENT_ID.POP) {
      open.pop();
      continue;
    }
    if (event.type === yaml.EVENT_ID.DOCUMENT) {
      open.push({ kind: 'document', path: [], key: undefined, count: 0 });
      continue;
    }
    const parent = open.at(-1);
    const isKey = parent?.kind === 'mapping' && parent.key === undefined;
    if (isKey && event.type === yaml.EVENT_ID.SCALAR) {
      parent.key = keyOf(yaml, text, event);
      offsets.set(pathText([...parent.path, parent.key]), event.valueStart);
      continue;
    }
    const path = nextPath(parent);
    const start = 'valueStart' in event ? event.valueStart : 'start' in event ? event.start : undefined;
    if (parent?.kind === 'sequence' && start !== undefined) offsets.set(pathText(path), start);
    if (event.type === yaml.EVENT_ID.MAPPING) open.push({ kind: 'mapping', path, key: undefined, count: 0 });
    if (event.type === yaml.EVENT_ID.SEQUENCE)
      open.push({ kind: 'sequence', path, key: undefined, count: 0 });
  }
  return offsets;
}

/** Path of the value that comes next in `parent`, which is moved on. */
function nextPath(parent: Open | undefined): readonly PathSegment[] {
  if (parent === undefined || parent.kind === 'document') return [];
  if (parent.kind === 'sequence') {
    parent.count += 1;
    return [...parent.path, parent.count - 1];
  }
  const path = [...parent.path, parent.key ?? '?'];
  // A key that is no scalar stays unnamed; its value is next.
  parent.key = parent.key === undefined ? '?' : undefined;
  return path;
}

function keyOf(yaml: Yaml, text: string, event: ScalarEvent): string {
  return yaml.getScalarValue(text, event);
}
