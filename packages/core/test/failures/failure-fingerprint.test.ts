import { describe, expect, test } from 'vitest';
import { failureFingerprint } from '../../src/failures/failure-fingerprint.js';

/** Reasons of one kind, which must have one fingerprint, and kinds, which must have different ones. */
const kinds: readonly (readonly string[])[] = [
  [
    'Request timed out after 3000 ms',
    'Request timed out after 12.5 ms',
    'Request timed out after 1_000 ms',
    'Request timed out after -1 ms',
  ],
  ['Order "17" of \'acme\' is gone', 'Order "x \\" y" of \'b c\' is gone', 'Order "" of \'ü\' is gone'],
  ['No file `a.pdf` in “inbox”', 'No file `b c.pdf` in “out box”'],
  [
    'User 550e8400-e29b-41d4-a716-446655440000 not found',
    'User 01ARZ3NDEKTSV4RRFFQ69G5FAV not found',
    'User u_42ab not found',
    'User V1StGXR8-Z5jdHi6B-myT not found',
  ],
  ['Commit 9fceb02d0ae598e95dc970b74767f19372d61af8 is unknown', 'Commit 0xDEADBEEF is unknown'],
  ['GET https://example.com/a/1?b=2 failed', 'GET http://localhost:8080/ failed'],
  ['Mail to a.b+c@example.com bounced', 'Mail to x@y.co.uk bounced'],
  [
    'Closed at 2026-01-31T12:00:00.123Z',
    'Closed at 2025-12-01 08:15:00',
    'Closed at 2026-01-31',
    'Closed at 12:15:59',
  ],
  ['connect ECONNREFUSED 127.0.0.1:6379', 'connect ECONNREFUSED 10.0.0.12:6380'],
  ['Connection refused', ' Connection  refused\n'],
  ["It doesn't work and won't", "It doesn't  work and won't"],
  ['TypeError: cannot read x', 'TypeError: cannot read x'],
  ['TypeError: cannot read y'],
  ['Connection reset'],
  [''],
];

describe('failureFingerprint', () => {
  test.each(kinds.map((reasons) => [reasons[0], reasons] as const))(
    'is the same for failures like %j',
    (_, reasons) => {
      expect(new Set(reasons.map(failureFingerprint)).size).toBe(1);
    },
  );

  test('tells failures of different kinds apart', () => {
    expect(new Set(kinds.map(([reason = '']) => failureFingerprint(reason))).size).toBe(kinds.length);
  });

  test('can be read, and is stable', () => {
    expect(failureFingerprint('Order 7 of "acme" (b1c2d3) timed out after 30 ms')).toBe(
      'Order <number> of <value> (<id>) timed out after <number> ms',
    );
    for (const [reason = ''] of kinds)
      expect(failureFingerprint(failureFingerprint(reason))).toBe(failureFingerprint(reason));
  });

  test('takes no time over a hostile reason, and does not look at the end of a long one', () => {
    const hostile = [
      `"${'\\'.repeat(100_000)}`,
      'a-'.repeat(100_000),
      '1.'.repeat(100_000),
      `${' '.repeat(100_000)}x`,
      "'".repeat(100_001),
    ];
    // What is not linear takes hours here, and runs into the timeout of the test.
    for (const reason of hostile) failureFingerprint(reason);
    const long = 'word '.repeat(1_000);
    expect(failureFingerprint(`${long}a`)).toBe(failureFingerprint(`${long}b`));
  });
});
