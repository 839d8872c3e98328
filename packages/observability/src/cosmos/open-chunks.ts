import type { ExecutionSpan } from '../span/execution-span.js';

/** A chunk that takes more spans, and is written again with them. */
export interface OpenChunk {
  readonly id: string;
  readonly etag: string;
  readonly spans: ReadonlyMap<string, ExecutionSpan>;
}

/** Where the next spans of an execution go. */
export interface WritePlace {
  bucket: number;
  /** Chunks that were begun in the bucket. */
  chunks: number;
  chunk: OpenChunk | undefined;
}

/** Executions whose place is known. A forgotten one goes on in its first bucket, which is right, too. */
const most = 256;

/** Where executions are being written by this process, for those that were written last. */
export class OpenChunks {
  readonly #places = new Map<string, WritePlace>();

  get(executionId: string): WritePlace {
    const place = this.#places.get(executionId) ?? { bucket: 0, chunks: 0, chunk: undefined };
    this.#set(executionId, place);
    return place;
  }

  /** What was read of an execution that this process knows nothing of. */
  learn(executionId: string, bucket: number, chunks: number): void {
    if (chunks > 0 && !this.#places.has(executionId))
      this.#set(executionId, { bucket, chunks, chunk: undefined });
  }

  forget(executionId: string): void {
    this.#places.delete(executionId);
  }

  #set(executionId: string, place: WritePlace): void {
    this.#places.delete(executionId);
    this.#places.set(executionId, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > most && oldest !== undefined) this.#places.delete(oldest);
  }
}
