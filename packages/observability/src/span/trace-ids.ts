import { createHash } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Value of a digit by its character code; -1 for what is none. */
const digitOf = Int8Array.from({ length: 128 }, (_, code) => alphabet.indexOf(String.fromCharCode(code)));

/**
 * The W3C trace id of an execution, 32 hex digits. A ULID has exactly 128 bits, so they are the id;
 * any other form of id is hashed.
 */
export function traceIdOf(executionId: string): string {
  return ulidBits(executionId) ?? createHash('sha256').update(executionId).digest('hex').slice(0, 32);
}

/** The 128 bits of a ULID in hex: its first digit stands for three of them, each of the others for five. */
function ulidBits(id: string): string | undefined {
  if (id.length !== 26) return undefined;
  let bits = 0;
  let written = 0;
  let count = -2;
  for (let place = 0; place < 26; place++) {
    const digit = digitOf[id.charCodeAt(place)] ?? -1;
    if (digit < 0 || (place === 0 && digit > 7)) return undefined;
    bits = (bits << 5) | digit;
    count += 5;
    for (; count >= 4; count -= 4) traceDigits[written++] = hexDigit((bits >>> (count - 4)) & 15);
    bits &= 15;
  }
  return String.fromCharCode.apply(null, traceDigits);
}

/** 64 bits that stand for a span, and from which those of its children follow; signed, which numbers hold best. */
export interface SpanSeed {
  readonly high: number;
  readonly low: number;
}

/** Cheap on purpose, as all below: it runs for every execution, stage and attempt. */
export function rootSeed(traceId: string): SpanSeed {
  return permute(readHex(traceId, 0) ^ readHex(traceId, 16), readHex(traceId, 8) ^ readHex(traceId, 24));
}

export function stageSeed(root: SpanSeed, stage: string): SpanSeed {
  const name = hash(stage);
  return permute(root.high ^ name.high, root.low ^ name.low);
}

/** Different for every (index, attempt) of a stage, because {@link permute} can be undone. */
export function attemptSeed(stage: SpanSeed, index: number, attempt: number): SpanSeed {
  return permute(stage.high ^ index, stage.low ^ attempt);
}

export function compensationSeed(stage: SpanSeed, index: number, attempt: number): SpanSeed {
  return attemptSeed(stageSeed(stage, 'compensation'), index, attempt);
}

export function approvalSeed(stage: SpanSeed, approval: string): SpanSeed {
  return stageSeed(stageSeed(stage, 'approval'), approval);
}

/** 16 hex digits. Zeros are invalid in W3C trace context. */
export function spanIdOf({ high, low }: SpanSeed): string {
  if (high === 0 && low === 0) return '0000000000000001';
  writeHex(high, 0);
  writeHex(low, 8);
  return String.fromCharCode.apply(null, spanDigits);
}

/** Used again and again, because every attempt comes by here; a plain array is what `apply` reads fastest. */
const spanDigits: number[] = Array.from({ length: 16 }, () => 0);
const traceDigits: number[] = Array.from({ length: 32 }, () => 0);

function writeHex(word: number, from: number): void {
  for (let place = from + 7, left = word; place >= from; place--, left >>>= 4)
    spanDigits[place] = hexDigit(left & 15);
}

/** The word that eight digits are. */
function readHex(digits: string, from: number): number {
  let word = 0;
  for (let place = from; place < from + 8; place++) {
    const code = digits.charCodeAt(place);
    word = (word << 4) | (code < 58 ? code - 48 : code - 87);
  }
  return word;
}

/** Its character code. */
function hexDigit(value: number): number {
  return value < 10 ? 48 + value : 87 + value;
}

/** Mixes 64 bits so that no two inputs give the same. https://en.wikipedia.org/wiki/Feistel_cipher */
function permute(high: number, low: number): SpanSeed {
  let left = high;
  let right = low;
  for (let round = 1; round <= 4; round++) {
    const mixed = left ^ mix(right + Math.imul(round, 0x9e3779b9));
    left = right;
    right = mixed;
  }
  return { high: left | 0, low: right | 0 };
}

/** The finaliser of MurmurHash3. https://github.com/aappleby/smhasher */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** 64 bits of a text, by its UTF-16 code units: cyrb53 without its last step. https://github.com/bryc/code */
function hash(text: string): SpanSeed {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  return { high, low };
}
