// `_rid`: 4 bytes name a database, 4 more a container, 8 more an item. The SDK looks at the lengths.

export function databaseRid(database: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(database);
  return encode(bytes);
}

export function containerRid(database: number, container: number): string {
  return encode(containerBytes(database, container, 8));
}

export function childRid(database: number, container: number, child: number): string {
  const bytes = containerBytes(database, container, 16);
  // Clients that sort by it read these eight the other way round.
  bytes.writeBigUInt64LE(BigInt(child), 8);
  return encode(bytes);
}

function containerBytes(database: number, container: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(database, 0);
  // The highest bit is what makes it a container, and not a user.
  bytes.writeUInt32BE((container | 0x80000000) >>> 0, 4);
  return bytes;
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('/', '-');
}
