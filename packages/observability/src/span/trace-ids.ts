import { createHash } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The W3C trace id of an execution, 32 hex digits. A ULID has exactly 128 bits, so they are the id;
 * any other form of id is hashed.
 */
export function traceIdOf(executionId: string): string {
  if (executionId.length !== 26) return hashedTraceId(executionId);
  let bits = 0n;
  for (const letter of executionId) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) return hashedTraceId(executionId);
    bits = (bits << 5n) | BigInt(digit);
  }
  return bits < 1n << 128n ? bits.toString(16).padStart(32, '0') : hashedTraceId(executionId);
}

function hashedTraceId(executionId: string): string {
  return createHash('sha256').update(executionId).digest('hex').slice(0, 32);
}

export function rootSpanId(executionId: string): string {
  return format(seedOf(`execution\0${executionId}`));
}

export function stageSpanId(executionId: string, stage: string): string {
  return format(stageSeed(executionId, stage));
}

/** 64 bits that stand for one stage of one execution. Made once, so that its attempts cost no hash each. */
export interface SpanSeed {
  readonly high: number;
  readonly low: number;
}

export function stageSeed(executionId: string, stage: string): SpanSeed {
  return seedOf(`stage\0${executionId}\0${stage}`);
}

/**
 * Different for every (index, attempt) of a stage, because each step can be undone: the pair is added
 * to the seed by exclusive or, then mixed by a Feistel network. https://en.wikipedia.org/wiki/Feistel_cipher
 */
export function attemptSpanId({ high, low }: SpanSeed, index: number, attempt: number): string {
  let left = high ^ index;
  let right = low ^ attempt;
  for (let round = 1; round <= 4; round++) {
    const mixed = left ^ mix(right + Math.imul(round, 0x9e3779b9));
    left = right;
    right = mixed;
  }
  return format({ high: left >>> 0, low: right >>> 0 });
}

/** The finaliser of MurmurHash3. https://github.com/aappleby/smhasher */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function seedOf(name: string): SpanSeed {
  const digest = createHash('sha256').update(name).digest();
  return { high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) };
}

const digits = Buffer.alloc(8);

/** A span id of zeros is invalid in W3C trace context. One buffer for all, because every attempt comes by here. */
function format({ high, low }: SpanSeed): string {
  if (high === 0 && low === 0) return '0000000000000001';
  digits.writeUInt32BE(high, 0);
  digits.writeUInt32BE(low, 4);
  return digits.toString('hex');
}
