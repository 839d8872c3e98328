/** Sent together at most: the server does nothing else meanwhile. */
const maxRecords = 500;
const maxLength = 1_048_576;

interface Batch {
  readonly args: string[];
  readonly waiting: {
    readonly resolve: (reply: unknown) => void;
    readonly reject: (reason: unknown) => void;
  }[];
  length: number;
}

/**
 * Brings the records of one execution that are stored in one turn of the event loop to the server together: its
 * head is read once for all of them, and written once.
 */
export class RecordBatches {
  /** @returns the answer to each record in order, or one for all of them */
  readonly #send: (executionId: string, args: readonly string[]) => Promise<unknown>;
  readonly #batches = new Map<string, Batch>();

  constructor(send: (executionId: string, args: readonly string[]) => Promise<unknown>) {
    this.#send = send;
  }

  /** @returns the server's answer to this record */
  add(executionId: string, args: readonly string[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const batch = this.#batches.get(executionId) ?? this.#begin(executionId);
      batch.args.push(...args);
      batch.waiting.push({ resolve, reject });
      for (const { length } of args) batch.length += length;
      if (batch.waiting.length >= maxRecords || batch.length >= maxLength) this.#batches.delete(executionId);
    });
  }

  #begin(executionId: string): Batch {
    const batch: Batch = { args: [], waiting: [], length: 0 };
    this.#batches.set(executionId, batch);
    // Runs when everything that was ready to run has run.
    process.nextTick(() => void this.#flush(executionId, batch));
    return batch;
  }

  async #flush(executionId: string, batch: Batch): Promise<void> {
    if (this.#batches.get(executionId) === batch) this.#batches.delete(executionId);
    const { args, waiting } = batch;
    try {
      const reply = await this.#send(executionId, args);
      waiting.forEach(({ resolve }, index) => resolve(Array.isArray(reply) ? reply[index] : reply));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
