import type { KeyRange } from '../partition/key-range.js';

/** Writes to one partition that take effect together: one number in the range, and one way back. */
export class Transaction {
  readonly #range: KeyRange;
  readonly #before: number;
  readonly #undo: (() => void)[] = [];

  constructor(range: KeyRange) {
    this.#range = range;
    this.#before = range.lsn;
  }

  /** Number of all its writes. @param undo - takes the write back */
  wrote(undo: () => void): void {
    this.#undo.push(undo);
    this.#range.lsn = this.lsn;
  }

  get lsn(): number {
    return this.#before + 1;
  }

  /** Runs `work` in a transaction of its own, which is taken back when it throws. */
  static run<Outcome>(range: KeyRange, work: (transaction: Transaction) => Outcome): Outcome {
    const transaction = new Transaction(range);
    try {
      return work(transaction);
    } catch (error) {
      transaction.rollBack();
      throw error;
    }
  }

  rollBack(): void {
    for (const undo of this.#undo.toReversed()) undo();
    this.#range.lsn = this.#before;
  }
}
