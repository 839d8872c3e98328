/** Ranges of the numbers and sizes in a definition; the schema, the types' comments and the messages say the same. */
export const limits = {
  stages: 10_000,
  /** Characters of the normalised text. */
  textLength: 8_388_608,
  /** Values in a definition, and levels of nesting. */
  values: 1_000_000,
  depth: 100,
  idLength: 100,
  nameLength: 200,
  versionLength: 100,
  descriptionLength: 10_000,
  /** 365 days. */
  timeoutMs: 31_536_000_000,
  maxAttempts: 1_000,
  /** 1 day. */
  initialDelayMs: 86_400_000,
  /** 7 days. */
  maxDelayMs: 604_800_000,
  nonRetryable: 100,
  concurrency: 10_000,
  priority: 100,
  /** Characters of the text, not of what it comes to. */
  limitKeyLength: 1_000,
  rateLimit: 1_000_000,
  /** 1 day. */
  ratePerMs: 86_400_000,
  successes: 1_000_000,
  rules: 100,
  capabilities: 20,
  labels: 20,
  actors: 1_000,
  branches: 1_000,
  scatterLevels: 5,
} as const;

/** Letters, digits, `_` and `-`: an id in an expression is a bare name, or a quoted one when it has a `-` or a leading digit. */
export const idPattern = /^[A-Za-z0-9_-]+$/;

/** A bare JMESPath name. */
export const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names that every JavaScript object answers to (`constructor`, `toString`, `__proto__`): not for ids or variables. */
export function isReservedName(name: string): boolean {
  return name in Object.prototype;
}
