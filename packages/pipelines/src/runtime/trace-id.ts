import { createHash } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The trace an execution belongs to: that of a valid `traceparent` it was started under, else its own. */
export function traceIdUnder(traceparent: string | undefined, executionId: string): string {
  const given = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;
  return given.exec(traceparent ?? '')?.[1] ?? traceIdOf(executionId);
}

/**
 * The W3C trace id of an execution, 32 hex digits. A ULID has exactly 128 bits, so they are the id;
 * any other form of id is hashed.
 */
function traceIdOf(executionId: string): string {
  // 26 digits of five bits are 130: the first digit holds three.
  if (executionId.length !== 26 || executionId > '8') return hashed(executionId);
  let hex = '';
  let bits = 0;
  let count = -2;
  for (let at = 0; at < 26; at += 1) {
    const digit = alphabet.indexOf(executionId.charAt(at));
    if (digit < 0) return hashed(executionId);
    bits = (bits << 5) | digit;
    count += 5;
    while (count >= 4) {
      count -= 4;
      hex += ((bits >> count) & 15).toString(16);
    }
    bits &= (1 << count) - 1;
  }
  return hex;
}

function hashed(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 32);
}
