import type {
  BlobStore,
  DeadLetterGroup,
  DeadLetterListOptions,
  DeadLetterPage,
  DeadLetters,
  DeadLetterSelection,
  JsonValue,
} from '@certoai/loom-core';
import { keyIn } from './blob-reference.js';
import { inLanes } from './in-lanes.js';
import type { LeavingBlobs } from './leaving-blobs.js';

/** Dead letters that are looked at together when they are discarded. */
const pageSize = 100;

/** Dead letters whose bodies may be blobs. */
export class ClaimCheckedDeadLetters implements DeadLetters {
  readonly #letters: DeadLetters;
  readonly #blobs: BlobStore;
  readonly #leaving: LeavingBlobs;

  constructor(letters: DeadLetters, blobs: BlobStore, leaving: LeavingBlobs) {
    this.#letters = letters;
    this.#blobs = blobs;
    this.#leaving = leaving;
  }

  async list(queue: string, options?: DeadLetterListOptions): Promise<DeadLetterPage> {
    const page = await this.#letters.list(queue, options);
    const items = await inLanes(page.items, async (letter) => {
      const key = keyIn(letter.body);
      const text = key === undefined ? undefined : await this.#blobs.get(key);
      return text === undefined ? letter : { ...letter, body: JSON.parse(text) as JsonValue };
    });
    return { ...page, items };
  }

  groups(queue: string): Promise<readonly DeadLetterGroup[]> {
    return this.#letters.groups(queue);
  }

  redrive(
    queue: string,
    options?: DeadLetterSelection & { readonly perSecond?: number | undefined },
  ): Promise<number> {
    return this.#letters.redrive(queue, options);
  }

  async discard(queue: string, options?: DeadLetterSelection): Promise<number> {
    let count = 0;
    let cursor: string | undefined;
    do {
      const page = await this.#letters.list(queue, { ...options, limit: pageSize, cursor });
      const plain = page.items.filter(({ body }) => keyIn(body) === undefined).map(({ id }) => id);
      if (plain.length > 0) count += await this.#letters.discard(queue, { ids: plain });
      // One by one: what is redriven meanwhile needs its body.
      const counts = await inLanes(page.items, async ({ id, body }) => {
        const key = keyIn(body);
        const discarded = key === undefined ? 0 : await this.#letters.discard(queue, { ids: [id] });
        if (key !== undefined && discarded > 0) await this.#leaving.remove(key);
        return discarded;
      });
      count += counts.reduce((sum, one) => sum + one, 0);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return count;
  }
}
