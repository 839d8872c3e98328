import type { CosmosRows } from '@certoai/loom-core/cosmos';

/** Reads one page of one bucket, sorted. */
export type ReadPage<Row> = (
  bucket: string,
  from: string | undefined,
  size: number,
) => Promise<CosmosRows<Row>>;

/** What was read of a bucket and not taken yet. */
interface Lane<Row> {
  readonly bucket: string;
  rows: readonly Row[];
  taken: number;
  next: string | undefined;
  ended: boolean;
}

/** The first `limit` rows of sorted buckets, in order: as many pages are read as that takes. */
export async function newestOfBuckets<Row>(
  buckets: readonly string[],
  limit: number,
  read: ReadPage<Row>,
  isBefore: (left: Row, right: Row) => boolean,
): Promise<Row[]> {
  // Rows are spread evenly, so most of the time one page of each is enough.
  const size = Math.min(limit, Math.ceil((limit / buckets.length) * 1.5) + 8);
  const lanes = buckets.map((bucket): Lane<Row> => ({
    bucket,
    rows: [],
    taken: 0,
    next: undefined,
    ended: false,
  }));
  await Promise.all(lanes.map((lane) => fill(lane, size, read)));
  const found: Row[] = [];
  while (found.length < limit) {
    let first: Lane<Row> | undefined;
    for (const lane of lanes) {
      await fill(lane, size, read);
      if (isEmpty(lane)) continue;
      if (first === undefined || isBefore(head(lane), head(first))) first = lane;
    }
    if (first === undefined) break;
    found.push(head(first));
    first.taken += 1;
  }
  return found;
}

function head<Row>({ rows, taken }: Lane<Row>): Row {
  return rows[taken] as Row;
}

function isEmpty({ rows, taken }: Lane<unknown>): boolean {
  return taken === rows.length;
}

/** Until there is a row or nothing more: a page may be empty in the middle. */
async function fill<Row>(lane: Lane<Row>, size: number, read: ReadPage<Row>): Promise<void> {
  while (isEmpty(lane) && !lane.ended) {
    const { rows, next } = await read(lane.bucket, lane.next, size);
    lane.rows = rows;
    lane.taken = 0;
    lane.next = next;
    lane.ended = next === undefined;
  }
}
