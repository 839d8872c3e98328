import { createHash } from 'node:crypto';

/** Bytes of the longest id; the service allows 1,023, and adapters put something before or behind it. */
const maxLength = 900;

/**
 * Any text as an id that the service, its package and every address take: letters, digits, `.`, `-` and `_`.
 * Other bytes of its UTF-8 form become `_` and two hex digits, so that different texts have different ids; one that
 * gets too long ends in a hash. Texts of such letters without `_` stay as they are,
 * but for nothing but dots, which addresses take for folders.
 */
export function cosmosId(text: string): string {
  const id = text.replaceAll(/[^A-Za-z0-9.-]+|^\.+$/gu, (part) => {
    let escaped = '';
    for (const byte of Buffer.from(part, 'utf8')) escaped += `_${byte.toString(16).padStart(2, '0')}`;
    return escaped;
  });
  if (id.length <= maxLength) return id;
  // "_x" begins no escape, so no other text has this id.
  return `${id.slice(0, maxLength - 66)}_x${createHash('sha256').update(text).digest('hex')}`;
}
