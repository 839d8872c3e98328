import { randomFillSync } from 'node:crypto';
import type { Clock } from '../ports/clock.js';
import type { IdSource } from '../ports/id-source.js';
import type { Random } from '../ports/random.js';
import { systemClock } from './system-clock.js';

export interface IdSourceOptions {
  readonly clock?: Clock | undefined;
  /** For repeatable ids in tests. @default the operating system's random bytes, drawn in blocks */
  readonly random?: Random | undefined;
}

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const pool = new Uint8Array(1_024);
let used = pool.length;

/**
 * ULIDs: 48 bits of time, 80 random ones, as 26 characters that sort by time. Ids of one source rise
 * strictly, also within a millisecond and when the clock is set back. https://github.com/ulid/spec
 */
export function createIdSource({ clock = systemClock, random }: IdSourceOptions = {}): IdSource {
  const tail = new Uint8Array(16);
  let lastMs = -1;
  let prefix = '';

  /** @returns whether there was a next one; if not, it is all zeros */
  function increment(): boolean {
    for (let i = tail.length - 1; i >= 0; i--) {
      if (tail[i] !== 31) {
        tail[i] = (tail[i] as number) + 1;
        return true;
      }
      tail[i] = 0;
    }
    return false;
  }

  return {
    next() {
      const nowMs = Math.floor(clock.now());
      if (nowMs > lastMs) {
        lastMs = nowMs;
        prefix = encodeTime(nowMs);
        for (let i = 0; i < tail.length; i++) tail[i] = random ? random() * 32 : pooledByte() & 31;
      } else if (!increment()) {
        prefix = encodeTime(++lastMs);
      }
      let id = prefix;
      for (let i = 0; i < tail.length; i++) id += digits[tail[i] as number];
      return id;
    },
  };
}

function encodeTime(ms: number): string {
  let text = '';
  for (let left = ms; text.length < 10; left = Math.floor(left / 32)) text = digits[left % 32] + text;
  return text;
}

function pooledByte(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++] as number;
}
