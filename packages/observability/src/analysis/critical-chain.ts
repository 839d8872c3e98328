/** Something that lasts. */
export interface Period {
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * Those of `items` that decided when the time from `from` to `to` was over, oldest first and without
 * overlap: the one that ended last, before it the one that had ended last when that one began, and so on.
 * Of several that ended together it is the longest, then the first given. (The algorithm of CRISP,
 * https://www.usenix.org/conference/atc22/presentation/zhang-zhizhou)
 */
export function criticalChain<Item extends Period>(items: readonly Item[], from: number, to: number): Item[] {
  const clipped = items.map((item) => ({
    item,
    startedAt: Math.max(item.startedAt, from),
    endedAt: Math.min(item.endedAt, to),
  }));
  const lasting = clipped.filter(({ startedAt, endedAt }) => endedAt > startedAt);
  lasting.sort((left, right) => right.endedAt - left.endedAt || left.startedAt - right.startedAt);
  const chain: Item[] = [];
  let before = to;
  for (const { item, startedAt, endedAt } of lasting) {
    if (endedAt > before) continue;
    chain.push(item);
    before = startedAt;
  }
  return chain.reverse();
}
