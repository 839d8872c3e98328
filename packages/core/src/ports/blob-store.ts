/**
 * Texts that are too large to travel through queues and heads: what is passed instead is the key. Read by any
 * process that shares the store. Every method is one atomic step: a reader finds a text as a whole, or not.
 *
 * A key is 1 to 500 characters: segments of 1 to 120 letters, digits, `.`, `_` or `-`, with one slash between
 * two. `.` and `..` are no segments. Upper and lower case differ.
 */
export interface BlobStore extends AsyncDisposable {
  readonly capabilities: BlobStoreCapabilities;

  /**
   * Stores `text` under `key`; the same key again replaces it. A key may also be the beginning of longer ones.
   * @param text - any, the empty one too, without lone surrogates
   * @throws LoomError `LOOM_STORE_FULL`; `LOOM_INVALID_INPUT`, `LOOM_STORE_FAILED` and `LOOM_CLOSED`, as every method
   */
  put(key: string, text: string): Promise<void>;

  /** `undefined` when there is none. */
  get(key: string): Promise<string | undefined>;

  /** Removes every key that begins with `prefix` and a slash, or is `prefix`. @returns how many there were */
  remove(prefix: string): Promise<number>;

  /**
   * The segments that follow `prefix` and a slash in the keys there are, each once, in no particular order. What
   * is stored or removed meanwhile may be missing or not.
   */
  list(prefix: string): AsyncIterable<string>;

  /** Idempotent. */
  close(): Promise<void>;
}

export interface BlobStoreCapabilities {
  /** What is stored survives the end of this process. */
  readonly durable: boolean;
  /** Several processes may use it at once. */
  readonly shared: boolean;
}
