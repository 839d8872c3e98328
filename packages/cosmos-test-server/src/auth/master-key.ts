import { createHmac, timingSafeEqual } from 'node:crypto';

const maxSkewMs = 15 * 60_000;

/** What a client signs. */
export interface SignedRequest {
  readonly method: string;
  /** Parts of the path, decoded. */
  readonly segments: readonly string[];
  /** Header `x-ms-date`. */
  readonly date: string;
}

/**
 * https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
 * @param key - base64
 * @param signature - base64
 */
export function isSignedWith(key: string, signature: string, request: SignedRequest): boolean {
  const expected = createHmac('sha256', Buffer.from(key, 'base64')).update(signedText(request)).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** By the real clock: clients know no other. */
export function isTimely(date: string): boolean {
  return Math.abs(Date.parse(date) - Date.now()) <= maxSkewMs;
}

/** A path ends with a type, for a feed or a creation, or with a type and an id. */
function signedText({ method, segments, date }: SignedRequest): string {
  const isFeed = segments.length % 2 === 1;
  const type = segments.at(isFeed ? -1 : -2) ?? '';
  const link = (isFeed ? segments.slice(0, -1) : segments).join('/');
  return `${method.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`;
}
