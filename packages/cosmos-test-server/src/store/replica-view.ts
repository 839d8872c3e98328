import type { KeyRange } from '../partition/key-range.js';
import { ProtocolError, substatus } from '../protocol-error.js';
import type { Document } from './document.js';

/** One state of an item. `document` is `undefined` where it was deleted. */
export interface Version {
  /** Milliseconds since the epoch, by the server's clock. */
  readonly at: number;
  /** Of the write, in its range. */
  readonly lsn: number;
  /** Counts items of a container as they are created: the order of queries without ORDER BY. */
  readonly sequence: number;
  readonly document: Document | undefined;
}

/** What one read can see: the newest state, or that of a replica which lags but keeps to a session token. */
export class ReplicaView {
  readonly now: number;
  readonly #lagMs: number;
  readonly #session: ReadonlyMap<string, number>;

  constructor(now: number, lagMs = 0, session: ReadonlyMap<string, number> = new Map()) {
    this.now = now;
    this.#lagMs = lagMs;
    this.#session = session;
  }

  /** The newest of `versions` that this replica has. */
  newest(versions: readonly Version[], range: KeyRange): Version | undefined {
    if (this.#lagMs === 0) return versions.at(-1);
    const known = this.#lsnOf(range);
    return versions.findLast(({ at, lsn }) => at <= this.now - this.#lagMs || lsn <= known);
  }

  /** @throws ProtocolError 404/1002 when the session has seen what no replica of `range` has */
  checkSession(range: KeyRange): void {
    if (this.#lsnOf(range) <= range.lsn) return;
    throw new ProtocolError(404, 'The read session is not available for the input session token.', {
      substatus: substatus.readSessionNotAvailable,
    });
  }

  #lsnOf(range: KeyRange): number {
    return Math.max(0, ...[range.id, ...range.parents].map((id) => this.#session.get(id) ?? 0));
  }
}

/** `0:-1#12,3:-1#7` by range id. https://learn.microsoft.com/azure/cosmos-db/nosql/how-to-manage-consistency */
export function parseSessionToken(token: string | undefined): ReadonlyMap<string, number> {
  const parts = (token ?? '').split(',').map((part) => /^(\d+):-?\d+#(\d+)/.exec(part));
  return new Map(parts.flatMap((part) => (part ? [[part[1] ?? '', Number(part[2])] as const] : [])));
}

export function sessionToken(ranges: readonly KeyRange[]): string {
  return ranges.map(({ id, lsn }) => `${id}:-1#${lsn}`).join(',');
}
