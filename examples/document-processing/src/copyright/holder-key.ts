/** Equal for one holder in several spellings: `npm, Inc.` and `npm Inc`, `Kévin` and `Kevin`. */
export function holderKey(holder: string): string {
  return holder
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .replace(/^the /, '')
    .trim();
}
