import type { BlobStore } from '@certoai/loom-core';
import { digestOf, needsBlob, referenceTo } from './blob-reference.js';
import { inLanes } from './in-lanes.js';

/** Every blob of an execution begins with this and a slash. */
export const home = 'executions';

export function homeOf(executionId: string): string {
  return `${home}/${/^[\w-]{1,100}$/.test(executionId) ? executionId : `.${digestOf(executionId)}`}`;
}

/** The execution whose blobs lie below `segment`; `undefined` where its id is no segment, and so cannot be read back. */
export function executionIn(segment: string): string | undefined {
  return segment.startsWith('.') ? undefined : segment;
}

/**
 * What one write about one execution has to put into blobs. Keys follow from the content: the same write again,
 * because its answer was lost, is the same to the letter, and equal payloads are stored once.
 */
export class CheckedPayloads {
  readonly #executionId: string;
  readonly #thresholdBytes: number;
  readonly #texts = new Map<string, string>();

  constructor(executionId: string, thresholdBytes: number) {
    this.#executionId = executionId;
    this.#thresholdBytes = thresholdBytes;
  }

  get isEmpty(): boolean {
    return this.#texts.size === 0;
  }

  get keys(): readonly string[] {
    return [...this.#texts.keys()];
  }

  /** @returns what is to be stored in the place of `text`: itself, or a reference */
  add(text: string, place?: string): string {
    if (!needsBlob(text, this.#thresholdBytes)) return text;
    const key = [homeOf(this.#executionId), ...(place === undefined ? [] : [place]), digestOf(text)].join(
      '/',
    );
    this.#texts.set(key, text);
    return JSON.stringify(referenceTo(key, text));
  }

  async store(blobs: BlobStore): Promise<void> {
    await inLanes([...this.#texts], ([key, text]) => blobs.put(key, text));
  }
}
