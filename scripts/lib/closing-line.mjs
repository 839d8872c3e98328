/**
 * @param {{ readonly passed: number, readonly failed: number, readonly skipped: number }} totals
 * @returns {string} `3 passed, 1 failed`, with `, 2 skipped` when there are any
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
