import type { DefinitionIssue } from './definition-issue.js';

/** Where a definition was read from, so that a later complaint can name the file and the line. */
export interface DefinitionOrigin {
  readonly source?: string | undefined;
  /** Adds line and column to an issue. */
  place(this: void, issue: DefinitionIssue): DefinitionIssue;
}

const origins = new WeakMap<object, DefinitionOrigin>();
const unknownOrigin: DefinitionOrigin = { place: (issue) => issue };

export function rememberOrigin(definition: unknown, origin: DefinitionOrigin): void {
  if (typeof definition === 'object' && definition !== null) origins.set(definition, origin);
}

export function originOf(definition: unknown): DefinitionOrigin {
  const known = typeof definition === 'object' && definition !== null ? origins.get(definition) : undefined;
  return known ?? unknownOrigin;
}
