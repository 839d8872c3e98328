import type { Diagnosis, FindingSeverity } from './diagnosis.js';

/** A diagnosis as a table for a terminal, with what to do under what is wrong; without a line break at its end. */
export function formatDiagnosis({ findings }: Diagnosis): string {
  const rows = findings.map(({ severity, part, check, message, fix }) => ({
    cells: [severity, part, check],
    text: fix === undefined ? message : `${message}\n→ ${fix}`,
  }));
  const widths = [0, 1, 2].map((column) =>
    Math.max(0, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const indent = ' '.repeat(widths.reduce((sum, width) => sum + width + 2, 0));
  const lines = rows.map(({ cells, text }) => {
    const head = cells.map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2)).join('');
    return head + text.replaceAll('\n', `\n${indent}`);
  });
  const count = (wanted: FindingSeverity): number =>
    findings.filter(({ severity }) => severity === wanted).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const total = `${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${count('ok')} ok`;
  return [...lines, '', total].join('\n');
}
