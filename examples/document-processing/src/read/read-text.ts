import { readFile } from 'node:fs/promises';

/** Longer files are read up to here. Bytes. */
const maxBytes = 4 * 1024 * 1024;

/**
 * A file as text: UTF-8, UTF-16 with a byte order mark, or else Windows-1252.
 * @throws Error when it cannot be read, or is not text
 */
export async function readText(path: string): Promise<string> {
  return decode((await readFile(path)).subarray(0, maxBytes));
}

/** @throws Error naming the first byte that no text has */
export function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  const binary = bytes.indexOf(0);
  if (binary >= 0) throw new Error(`Not a text file: byte ${binary} of ${bytes.length} is 0.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const text = Buffer.from(bytes).toString('latin1');
    return text.replace(/\p{Cc}/gu, (character) => windows[character.charCodeAt(0) - 0x80] ?? character);
  }
}

/** Windows-1252 from 0x80 to 0x9F. Node's TextDecoder takes it for Latin-1. */
const windows = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ';
