/** Longest reason that is looked at; what differs behind it does not count. */
const maxLength = 1_000;

/**
 * What stays of a reason when everything that belongs to one occurrence is taken out, in this order: a
 * rule may rely on what the ones before it have already replaced.
 */
const volatile: readonly (readonly [pattern: RegExp, placeholder: string])[] = [
  // Quoted values. An apostrophe inside a word ("doesn't") opens nothing.
  [/"(?:[^"\\]|\\.)*"|`[^`]*`|(?<![A-Za-z0-9])'(?:[^'\\]|\\.)*'(?![A-Za-z0-9])|“[^”]*”|«[^»]*»/g, '<value>'],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s,;)\]}]+/gi, '<url>'],
  [/\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g, '<email>'],
  // ISO 8601 with or without time.
  [/\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b/g, '<time>'],
  [/\b\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\b/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b0x[0-9a-f]+\b/gi, '<id>'],
  // A word with digits in it is an id: ULIDs, nano ids, hashes, "invoice-7", "item_42b".
  [/\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]+\b/g, '<id>'],
  [/\b[0-9a-f]{16,}\b/gi, '<id>'],
  [/[+-]?\b\d+(?:[.,_]\d+)*\b/g, '<number>'],
  [/\s+/g, ' '],
];

/**
 * What failures of one kind have in common: the reason without ids, numbers, hashes, times and quoted
 * values. Readable, because people see it in lists and pass it to `redrive`.
 */
export function failureFingerprint(reason: string): string {
  const text = volatile.reduce(
    (rest, [pattern, placeholder]) => rest.replace(pattern, placeholder),
    reason.slice(0, maxLength),
  );
  return text.trim();
}
