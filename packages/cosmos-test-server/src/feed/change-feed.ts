import type { KeyRange } from '../partition/key-range.js';
import { badRequest, notImplemented } from '../protocol-error.js';
import { charges } from '../store/charge.js';
import type { Container, LiveVersion, Scope } from '../store/container.js';
import type { ReplicaView } from '../store/replica-view.js';

export interface ChangeFeedRequest {
  readonly scope: Scope;
  /** Whose writes are numbered together; one feed is about one range. */
  readonly range: KeyRange;
  /** `*`: from now on; the `etag` of an earlier answer: behind that; absent: from the beginning. */
  readonly ifNoneMatch: string | undefined;
  /** HTTP date: only what was written since. */
  readonly ifModifiedSince: string | undefined;
  readonly maxItems: number;
}

export interface ChangeFeedPage {
  /** As they are now, in the order of their last write. Deleted and expired items are not among them. */
  readonly documents: readonly object[];
  /** Where to go on. */
  readonly etag: string;
  readonly charge: number;
}

/** Latest version of each changed item. https://learn.microsoft.com/azure/cosmos-db/change-feed-modes */
export function readChanges(
  container: Container,
  { scope, range, ifNoneMatch, ifModifiedSince, maxItems }: ChangeFeedRequest,
  view: ReplicaView,
): ChangeFeedPage {
  const from = ifNoneMatch === '*' ? range.lsn : parseEtag(ifNoneMatch);
  const since = parseDate(ifModifiedSince);
  const changed = container
    .list(scope, view)
    .filter(({ lsn, document }) => lsn > from && (document['_ts'] as number) >= since)
    .sort((a, b) => a.lsn - b.lsn || a.sequence - b.sequence);
  const page = takeWhole(changed, maxItems);
  // A replica that lags has not shown the newest yet: only what was seen is behind us.
  const end = page.at(-1)?.lsn ?? (ifNoneMatch === '*' ? range.lsn : from);
  return {
    documents: page.map(({ document, lsn }) => ({ ...document, _lsn: lsn })),
    etag: `"${end}"`,
    charge: charges.changeFeed(page.length),
  };
}

/** @param mode - of the header `A-IM` @throws ProtocolError 501 */
export function checkChangeFeedMode(mode: string): void {
  if (!/^incremental feed$/i.test(mode)) throw notImplemented(`the change feed mode "${mode}"`);
}

/** What was written together is never on two pages. */
function takeWhole(changed: readonly LiveVersion[], maxItems: number): readonly LiveVersion[] {
  if (maxItems < 0 || changed.length <= maxItems) return changed;
  const last = changed[maxItems - 1]?.lsn;
  const next = changed.findIndex(({ lsn }, i) => i >= maxItems && lsn !== last);
  return next === -1 ? changed : changed.slice(0, next);
}

function parseEtag(etag: string | undefined): number {
  const text = etag?.replaceAll('"', '') ?? '0';
  if (/^\d+$/.test(text)) return Number(text);
  throw badRequest(`The change feed etag ${String(etag)} is invalid.`);
}

/** @returns seconds since the epoch, as `_ts` has them */
function parseDate(date: string | undefined): number {
  if (date === undefined) return 0;
  const ms = Date.parse(date);
  if (Number.isNaN(ms)) throw badRequest(`The date ${date} is invalid.`);
  return ms / 1000;
}
