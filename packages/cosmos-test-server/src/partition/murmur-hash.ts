// MurmurHash3, x64, 128 bits, seed 0, as partition keys are hashed. Public domain algorithm by Austin Appleby.

const mask = (1n << 64n) - 1n;
const c1 = 0x87c37b91114253d5n;
const c2 = 0x4cf5ad432745937fn;

/** @returns both halves of the hash, as unsigned 64 bit numbers */
export function murmurHash128(bytes: Buffer): readonly [bigint, bigint] {
  let h1 = 0n;
  let h2 = 0n;
  const whole = bytes.length & ~15;
  for (let i = 0; i < whole; i += 16) {
    h1 ^= scrambleFirst(bytes.readBigUInt64LE(i));
    h1 = ((rotate(h1, 27n) + h2) * 5n + 0x52dce729n) & mask;
    h2 ^= scrambleSecond(bytes.readBigUInt64LE(i + 8));
    h2 = ((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n) & mask;
  }
  const rest = Buffer.alloc(16);
  bytes.copy(rest, 0, whole);
  h2 ^= scrambleSecond(rest.readBigUInt64LE(8));
  h1 ^= scrambleFirst(rest.readBigUInt64LE(0));
  return finish(h1, h2, BigInt(bytes.length));
}

function finish(first: bigint, second: bigint, length: bigint): readonly [bigint, bigint] {
  let h1 = first ^ length;
  let h2 = second ^ length;
  h1 = (h1 + h2) & mask;
  h2 = (h2 + h1) & mask;
  h1 = mix(h1);
  h2 = mix(h2);
  h1 = (h1 + h2) & mask;
  h2 = (h2 + h1) & mask;
  return [h1, h2];
}

function scrambleFirst(k: bigint): bigint {
  return (rotate((k * c1) & mask, 31n) * c2) & mask;
}

function scrambleSecond(k: bigint): bigint {
  return (rotate((k * c2) & mask, 33n) * c1) & mask;
}

function rotate(x: bigint, by: bigint): bigint {
  return ((x << by) | (x >> (64n - by))) & mask;
}

function mix(value: bigint): bigint {
  let k = value;
  k ^= k >> 33n;
  k = (k * 0xff51afd7ed558ccdn) & mask;
  k ^= k >> 33n;
  k = (k * 0xc4ceb9fe1a85ec53n) & mask;
  return k ^ (k >> 33n);
}
