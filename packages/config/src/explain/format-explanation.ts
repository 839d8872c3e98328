/** What {@link formatExplanation} needs of a row: `explain()` of a configuration or of a `LayeredConfig`. */
export interface ExplanationRow {
  readonly path: string;
  readonly value: unknown;
  readonly from: string;
  readonly overrode: readonly { readonly value: unknown; readonly from: string }[];
}

const heading = ['setting', 'value', 'from', 'instead of'] as const;

/** `explain()` as a table for a terminal, one line a setting, without a line break at its end. */
export function formatExplanation(rows: readonly ExplanationRow[]): string {
  const lines = [
    heading,
    ...rows.map(({ path, value, from, overrode }) => [
      path,
      show(value),
      from,
      overrode.map((other) => `${show(other.value)} (${other.from})`).join(', '),
    ]),
  ];
  const widths = heading.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function show(value: unknown): string {
  return value === '[redacted]' ? value : (JSON.stringify(value) ?? 'undefined');
}
