import { effectivePartitionKey } from '../partition/effective-partition-key.js';
import { equalRanges } from '../partition/key-range.js';
import type { KeyRange } from '../partition/key-range.js';
import { keyText, startsWith } from '../partition/partition-key.js';
import type { PartitionKey } from '../partition/partition-key.js';
import { rangeGone } from '../protocol-error.js';
import type { ContainerDefinition } from './container-definition.js';
import type { Document } from './document.js';
import { Partition } from './partition.js';
import { ReplicaView, parseSessionToken } from './replica-view.js';
import type { Version } from './replica-view.js';
import { RequestBudget } from './request-budget.js';
import { childRid } from './resource-id.js';
import type { StoreSettings } from './store-settings.js';
import type { Transaction } from './transaction.js';

/** What a query or feed is about: the items of a key or its prefix, of a range, or of a part of one. */
export interface Scope {
  readonly key?: PartitionKey | undefined;
  readonly range?: KeyRange | undefined;
  /** Effective keys from here, and up to but without `to`. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export type LiveVersion = Version & { readonly document: Document };

/** Numbers that its `_rid` is made of. */
export interface ContainerNumbers {
  readonly database: number;
  readonly container: number;
}

export class Container {
  readonly rid: string;
  /** `_self` of the container. */
  readonly self: string;
  readonly budget: RequestBudget;
  definition: ContainerDefinition;
  ranges: readonly KeyRange[];
  readonly #settings: StoreSettings;
  readonly #numbers: ContainerNumbers;
  readonly #partitions = new Map<string, Partition>();
  #nextRange: number;
  #lastSequence = 0;

  constructor(
    definition: ContainerDefinition,
    rid: string,
    self: string,
    numbers: ContainerNumbers,
    settings: StoreSettings,
  ) {
    this.definition = definition;
    this.rid = rid;
    this.self = self;
    this.budget = new RequestBudget(settings.clock);
    this.ranges = equalRanges(settings.partitions);
    this.#nextRange = settings.partitions;
    this.#numbers = numbers;
    this.#settings = settings;
  }

  /** Milliseconds since the epoch, by the server's clock. */
  now(): number {
    return this.#settings.clock.now();
  }

  /** What a read sees. A write decides on {@link primary}. */
  view(sessionToken: string | undefined): ReplicaView {
    return new ReplicaView(this.now(), this.#settings.replicaLagMs, parseSessionToken(sessionToken));
  }

  primary(): ReplicaView {
    return new ReplicaView(this.now());
  }

  rangeOf(key: PartitionKey): KeyRange {
    return this.#rangeAt(effectivePartitionKey(key, this.definition.partitionKey.kind));
  }

  /** @throws ProtocolError 410/1002 for one that was split */
  rangeById(id: string): KeyRange {
    const range = this.ranges.find((one) => one.id === id);
    if (range === undefined) throw rangeGone();
    return range;
  }

  /** @returns ids of the halves */
  split(id: string): readonly [string, string] {
    const range = this.rangeById(id);
    const ids = [String(this.#nextRange++), String(this.#nextRange++)] as const;
    const halves = range.split(ids);
    this.ranges = this.ranges.flatMap((one) => (one === range ? halves : [one]));
    return ids;
  }

  /** `_rid` of a range or an item. */
  childRid(child: number): string {
    return childRid(this.#numbers.database, this.#numbers.container, child);
  }

  nextSequence(): number {
    return ++this.#lastSequence;
  }

  find(key: PartitionKey, id: string, view: ReplicaView): LiveVersion | undefined {
    const partition = this.#partitions.get(keyText(key));
    return partition && this.#live(partition.items.get(id), this.#rangeAt(partition.effectiveKey), view);
  }

  /** Live items in the order of their creation. */
  list(scope: Scope, view: ReplicaView): readonly LiveVersion[] {
    const found: LiveVersion[] = [];
    for (const partition of this.#partitionsIn(scope)) {
      const range = this.#rangeAt(partition.effectiveKey);
      for (const versions of partition.items.values()) {
        const version = this.#live(versions, range, view);
        if (version) found.push(version);
      }
    }
    return found.sort((a, b) => a.sequence - b.sequence);
  }

  /** @param document - absent: deletes the item */
  put(
    key: PartitionKey,
    id: string,
    sequence: number,
    document: Document | undefined,
    transaction: Transaction,
  ): void {
    const partition = this.#partition(key);
    const before = partition.items.get(id);
    const version = { at: this.now(), lsn: transaction.lsn, sequence, document };
    this.#set(partition, id, [...this.#stillSeen(before), version]);
    transaction.wrote(() => this.#set(partition, id, before));
  }

  #set(partition: Partition, id: string, versions: readonly Version[] | undefined): void {
    const isGone = versions === undefined || (versions.length === 1 && versions[0]?.document === undefined);
    if (isGone) partition.items.delete(id);
    else partition.items.set(id, versions);
    if (partition.items.size === 0) this.#partitions.delete(keyText(partition.key));
    else this.#partitions.set(keyText(partition.key), partition);
  }

  /** States that a lagging replica may still show. */
  #stillSeen(versions: readonly Version[] = []): readonly Version[] {
    if (this.#settings.replicaLagMs === 0) return [];
    const oldest = versions.findLastIndex(({ at }) => at <= this.now() - this.#settings.replicaLagMs);
    return versions.slice(Math.max(0, oldest));
  }

  /** Expired items are gone for every reader, whether or not their deletion was got round to. */
  #live(
    versions: readonly Version[] | undefined,
    range: KeyRange,
    view: ReplicaView,
  ): LiveVersion | undefined {
    const version = versions && view.newest(versions, range);
    const document = version?.document;
    if (document === undefined || this.#isExpired(document, view.now)) return undefined;
    return version as LiveVersion;
  }

  #isExpired(document: Document, now: number): boolean {
    const { defaultTtl } = this.definition;
    if (defaultTtl === undefined) return false;
    const ttl = typeof document['ttl'] === 'number' ? document['ttl'] : defaultTtl;
    return ttl !== -1 && now >= ((document['_ts'] as number) + ttl) * 1000;
  }

  *#partitionsIn({ key, range, from, to }: Scope): Generator<Partition> {
    if (key?.length === this.definition.partitionKey.paths.length) {
      const one = this.#partitions.get(keyText(key));
      if (one) yield one;
      return;
    }
    for (const partition of this.#partitions.values()) {
      const { effectiveKey } = partition;
      if (key && !startsWith(partition.key, key)) continue;
      if (range && !range.contains(effectiveKey)) continue;
      if (from !== undefined && effectiveKey < from) continue;
      if (to !== undefined && to !== 'FF' && effectiveKey >= to) continue;
      yield partition;
    }
  }

  #partition(key: PartitionKey): Partition {
    const known = this.#partitions.get(keyText(key));
    return known ?? new Partition(key, effectivePartitionKey(key, this.definition.partitionKey.kind));
  }

  #rangeAt(effectiveKey: string): KeyRange {
    return this.ranges.find((range) => range.contains(effectiveKey)) as KeyRange;
  }
}
