// What an operation costs, in request units. A model with the shape of the service's prices, not its figures:
// reads by size, writes several times that, a change of an item about twice its creation, queries by what they
// look at and return. Each size is in started kilobytes.

export const charges = {
  read: (bytes: number): number => kilobytes(bytes),
  create: (bytes: number): number => 5 * kilobytes(bytes),
  remove: (bytes: number): number => 5 * kilobytes(bytes),
  change: (bytes: number): number => 10 * kilobytes(bytes),
  query: (looked: number, returned: number): number => 2.3 + 0.1 * looked + 0.3 * returned,
  changeFeed: (returned: number): number => 1 + 0.3 * returned,
  /** Of a request that is refused, and of one about databases and containers. */
  minimum: 1,
} as const;

function kilobytes(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}
