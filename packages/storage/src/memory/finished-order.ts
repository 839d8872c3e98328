import type { KeptExecution } from './kept-execution.js';

/** Finished executions, the one that finished first in front; adding and taking from the front are O(1). */
export class FinishedOrder {
  #items: KeptExecution[] = [];
  #first = 0;

  get size(): number {
    return this.#items.length - this.#first;
  }

  add(execution: KeptExecution): void {
    this.#items.push(execution);
  }

  shift(): KeptExecution {
    const execution = this.#items[this.#first] as KeptExecution;
    this.#first += 1;
    if (this.#first > 1024 && this.#first > this.#items.length / 2) this.#compact();
    return execution;
  }

  /** By time of finishing, which is nearly the order they are in. */
  sorted(): readonly KeptExecution[] {
    this.#compact();
    return this.#items.sort((a, b) => (a.finishedAt as number) - (b.finishedAt as number));
  }

  remove(executions: ReadonlySet<KeptExecution>): void {
    this.#compact();
    if (executions.size > 0) this.#items = this.#items.filter((one) => !executions.has(one));
  }

  #compact(): void {
    if (this.#first === 0) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}
