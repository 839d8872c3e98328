import { isDeepStrictEqual } from 'node:util';
import type { CosmosDocument } from './cosmos-client-like.js';

/** Something that is there for as long as somebody renews its lease. */
export interface Leased {
  readonly id: string;
}

export type LeaseEnd = 'deregistered' | 'lease-ended';

export type LeasedChange<Thing extends Leased> =
  | { readonly kind: 'registered' | 'updated'; readonly instance: Thing }
  | { readonly kind: 'gone'; readonly instance: Thing; readonly reason: LeaseEnd };

/** One change, as the item keeps it. `at` orders the changes of different items. */
export type LeaseHistoryEntry<Thing extends Leased> = { readonly at: number } & (
  | { readonly set: Thing }
  | { readonly changed: Partial<Thing> }
  | { readonly gone: LeaseEnd }
);

/** A thing that is there, or was: its item stays for a while, so that watchers see how it went. */
export interface LeasedItem<Thing extends Leased> extends CosmosDocument {
  instance: Thing;
  /** End of the lease; milliseconds since the epoch. 0 once it deregistered. */
  endsAt: number;
  /** How many entries its history had, ever. */
  rev: number;
  /** The latest, oldest first; always of the same length, so that a patch can shift it. */
  history: readonly (LeaseHistoryEntry<Thing> | null)[];
}

/** A watcher that looks less often than this many changes of one item sees the last of them together. */
const historyLength = 8;

export const noLeaseHistory: readonly null[] = Array.from({ length: historyLength }, () => null);

export function withLeaseHistory<Thing extends Leased>(
  item: Pick<LeasedItem<Thing>, 'rev' | 'history'>,
  entries: readonly LeaseHistoryEntry<Thing>[],
): Pick<LeasedItem<Thing>, 'rev' | 'history'> {
  return {
    rev: item.rev + entries.length,
    history: [...item.history, ...entries].slice(-historyLength),
  };
}

/** What a watcher knows of an item. */
export interface KnownLease<Thing extends Leased> {
  readonly rev: number;
  readonly endsAt: number;
  /** Absent when it is gone. */
  readonly instance: Thing | undefined;
}

/**
 * What happened since the last look, in order. Pure but for `known`, which it brings up to date.
 * @param items - every item that is live or was it until recently
 */
export function leaseNews<Thing extends Leased>(
  known: Map<string, KnownLease<Thing>>,
  items: readonly LeasedItem<Thing>[],
  now: number,
): readonly LeasedChange<Thing>[] {
  const news: { readonly at: number; readonly change: LeasedChange<Thing> }[] = [];
  const unseen = new Map(known);
  for (const { instance: stored, rev, endsAt, history } of items) {
    const before = unseen.get(stored.id);
    unseen.delete(stored.id);
    let instance = before?.instance;
    const become = (next: Thing | undefined, at: number, reason: LeaseEnd): void => {
      const change = changeBetween(instance, next, reason);
      if (change !== undefined) news.push({ at, change });
      instance = next;
    };
    const count = rev - (before?.rev ?? 0);
    for (const entry of count > 0 ? history.slice(-count) : []) {
      if (entry === null) continue;
      if ('gone' in entry) become(undefined, entry.at, entry.gone);
      else if ('set' in entry) become(entry.set, entry.at, 'deregistered');
      else if (instance !== undefined) become({ ...instance, ...entry.changed }, entry.at, 'deregistered');
    }
    // The end of a lease writes nothing, and a history may be too short.
    if (endsAt > now) become(stored, now, 'lease-ended');
    else become(undefined, endsAt, 'lease-ended');
    known.set(stored.id, { rev, endsAt, instance });
  }
  for (const [id, { instance, endsAt }] of unseen) {
    known.delete(id);
    if (instance !== undefined)
      news.push({ at: endsAt, change: { kind: 'gone', instance, reason: 'lease-ended' } });
  }
  return news.sort((left, right) => left.at - right.at).map(({ change }) => change);
}

function changeBetween<Thing extends Leased>(
  before: Thing | undefined,
  after: Thing | undefined,
  reason: LeaseEnd,
): LeasedChange<Thing> | undefined {
  if (isDeepStrictEqual(before, after)) return undefined;
  if (after !== undefined) return { kind: before === undefined ? 'registered' : 'updated', instance: after };
  return before && { kind: 'gone', instance: before, reason };
}
