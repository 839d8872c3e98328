import type { PartitionKey } from '../partition/partition-key.js';
import type { Version } from './replica-view.js';

/** All items of one partition key. */
export class Partition {
  readonly key: PartitionKey;
  readonly effectiveKey: string;
  /** By id. States of an item are in the order they were written; only the last counts, unless replicas lag. */
  readonly items = new Map<string, readonly Version[]>();

  constructor(key: PartitionKey, effectiveKey: string) {
    this.key = key;
    this.effectiveKey = effectiveKey;
  }
}
