/** Blobs that are read or written at the same time by one call. */
const lanes = 16;

/** Maps with at most so many at once; the results are in the order of `items`. */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  run: (item: Item, index: number) => Promise<Result> | Result,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) results[index] = await run(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return results;
}
