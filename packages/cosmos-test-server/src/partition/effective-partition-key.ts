import { murmurHash128 } from './murmur-hash.js';
import type { KeyComponent, PartitionKey, PartitionKeyDefinition } from './partition-key.js';

/**
 * Where a partition key lies in the key space: hexadecimal, hash version 2. Levels of a hierarchical key are
 * hashed one by one, so that those of one prefix lie together.
 */
export function effectivePartitionKey(key: PartitionKey, kind: PartitionKeyDefinition['kind']): string {
  return kind === 'MultiHash' ? key.map((component) => hash([component])).join('') : hash(key);
}

function hash(key: PartitionKey): string {
  const [low, high] = murmurHash128(Buffer.concat(key.map(encode)));
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(high, 0);
  bytes.writeBigUInt64BE(low, 8);
  // The two highest bits are kept free: hashes lie from 00 to 3F, below "FF", the end of the key space.
  bytes.writeUInt8(bytes.readUInt8(0) & 0x3f, 0);
  return bytes.toString('hex').toUpperCase();
}

/** A byte for the type, then the value; so `1` and `"1"` are different keys. */
function encode(component: KeyComponent): Buffer {
  switch (typeof component) {
    case 'string':
      return Buffer.concat([Buffer.of(8), Buffer.from(component, 'utf8'), Buffer.of(255)]);
    case 'number': {
      const bytes = Buffer.alloc(9);
      bytes.writeUInt8(5, 0);
      bytes.writeDoubleLE(component, 1);
      return bytes;
    }
    case 'boolean':
      return Buffer.of(component ? 3 : 2);
    default:
      return Buffer.of(component === null ? 1 : 0);
  }
}
