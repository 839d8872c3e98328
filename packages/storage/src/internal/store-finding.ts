/** What one look at a store, or at what it needs, came to. Plain data without secrets. */
export interface StoreFinding {
  /** What was looked at. */
  readonly check: string;
  /** `error`: it does not work, or loses data. `warning`: it may, or is slow. `ok`: as it should be. */
  readonly severity: 'ok' | 'warning' | 'error';
  /** What was seen, for people. */
  readonly message: string;
  /** What to do, for people; there unless it is `ok`. */
  readonly fix?: string;
  /** The figures behind it, with their unit in the name. */
  readonly measured?: Readonly<Record<string, number | string>>;
}

/** A message of Loom says what happened and then what to do: in sentences of its own, or after a semicolon. */
export function findingOf(check: string, message: string): StoreFinding {
  const [happened = '', ...rest] = message.split(/(?<=\.) (?=[A-Z])|; (?=give )/);
  const advice = rest.join(' ');
  return {
    check,
    severity: 'error',
    message: happened.endsWith('.') ? happened : `${happened}.`,
    fix: advice.charAt(0).toUpperCase() + advice.slice(1),
  };
}
