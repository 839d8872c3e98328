/** The end of the key space. The beginning is the empty string. */
const end = 'FF';
/** Hashes have 126 bits. */
const size = 1n << 126n;

/** One physical partition: the keys from `min` up to, and without, `max`. */
export class KeyRange {
  readonly id: string;
  readonly min: string;
  readonly max: string;
  /** Ranges it was split from, the oldest first. */
  readonly parents: readonly string[];
  /** Number of its last write. Every write, and every batch as one, has its own. */
  lsn: number;
  /** Request units since `windowStart`, of the container's budget. */
  spent = 0;
  windowStart = -Infinity;

  constructor(id: string, min: string, max: string, parents: readonly string[] = [], lsn = 1) {
    this.id = id;
    this.min = min;
    this.max = max;
    this.parents = parents;
    this.lsn = lsn;
  }

  contains(effectiveKey: string): boolean {
    return effectiveKey >= this.min && (this.max === end || effectiveKey < this.max);
  }

  /** Its halves. What was written to it keeps its number in them, so that feed and session tokens stay good. */
  split(ids: readonly [string, string]): readonly [KeyRange, KeyRange] {
    const middle = hexadecimal((position(this.min) + position(this.max)) / 2n);
    const parents = [...this.parents, this.id];
    return [
      new KeyRange(ids[0], this.min, middle, parents, this.lsn),
      new KeyRange(ids[1], middle, this.max, parents, this.lsn),
    ];
  }
}

/** The whole key space in `count` equal ranges. */
export function equalRanges(count: number): readonly KeyRange[] {
  const border = (i: number): string => hexadecimal((BigInt(i) * size) / BigInt(count));
  return Array.from({ length: count }, (_, i) => {
    const min = i === 0 ? '' : border(i);
    return new KeyRange(String(i), min, i === count - 1 ? end : border(i + 1));
  });
}

function position(border: string): bigint {
  if (border === '') return 0n;
  return border === end ? size : BigInt(`0x${border.slice(0, 32).padEnd(32, '0')}`);
}

function hexadecimal(value: bigint): string {
  return value.toString(16).toUpperCase().padStart(32, '0');
}
