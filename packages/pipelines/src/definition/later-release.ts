/**
 * Words of the language that this release does not run. A definition that uses one is refused, so
 * that nobody believes in a protection that is not there. A release that runs one takes it out here and
 * adds it to the schema, the types and the plan.
 */
export const laterModes: ReadonlySet<string> = new Set([
  'human-approval',
  'wait',
  'signal',
  'pipeline',
  'loop',
]);
export const laterStageFields: ReadonlySet<string> = new Set(['compensation', 'circuitBreaker']);

export const laterText = 'is part of the language, but this version of Loom does not run it';
