import { LoomError } from '../errors/loom-error.js';

/** What must be released, last in first out: every release runs, and all failures are reported. */
export class ReleaseStack implements AsyncDisposable {
  readonly #releases: { readonly name: string; readonly release: () => unknown }[] = [];
  #closing: Promise<void> | undefined;

  /** @throws LoomError `LOOM_CLOSED` once closing has begun */
  add(name: string, release: () => unknown): void {
    if (this.#closing) throw new LoomError('LOOM_CLOSED', `Cannot add "${name}": already closing.`, { name });
    this.#releases.push({ name, release });
  }

  /**
   * Every caller gets the same promise.
   * @throws AggregateError of LoomError `LOOM_CLOSE_FAILED`, one for each release that failed
   */
  close(): Promise<void> {
    // Deferred so `#closing` is set before any release can call close() again.
    return (this.#closing ??= Promise.resolve().then(() => this.#releaseAll()));
  }

  async #releaseAll(): Promise<void> {
    const failures: LoomError[] = [];
    for (const { name, release } of this.#releases.toReversed()) {
      try {
        await release();
      } catch (cause) {
        failures.push(new LoomError('LOOM_CLOSE_FAILED', `"${name}" did not close.`, { name }, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} releases failed.`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
