/**
 * The candidate that owns `key`: the one whose hash together with the key is highest. Every process agrees, and
 * when a candidate leaves only its own keys move. Thaler, Ravishankar: "Using name-based mappings to increase
 * hit rates", IEEE/ACM Transactions on Networking 6(1), 1998.
 */
export function rendezvous<Candidate>(
  key: string,
  candidates: readonly Candidate[],
  idOf: (candidate: Candidate) => string,
): Candidate | undefined {
  let owner: Candidate | undefined;
  let highest = -1;
  let ownerId = '';
  for (const candidate of candidates) {
    const id = idOf(candidate);
    const score = hash(`${key}\0${id}`);
    if (score > highest || (score === highest && id < ownerId)) {
      [owner, highest, ownerId] = [candidate, score, id];
    }
  }
  return owner;
}

/** FNV-1a over UTF-16 code units, then the finaliser of MurmurHash3 so that close keys land far apart. 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
