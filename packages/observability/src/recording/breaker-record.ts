import type { BreakerCheck, BreakerChecks } from '../span/execution-span.js';
import { LowestItems } from './lowest-items.js';

/** Checks that are kept in full. */
const most = 8;

/** What circuit breakers said, at one place of a trace. Beyond those that are kept, one that is told twice counts twice. */
export class BreakerRecord {
  readonly #checks: LowestItems<BreakerCheck>;
  #passed: number;
  #refused: number;

  constructor({ checks, passed, refused }: BreakerChecks = { checks: [], passed: 0, refused: 0 }) {
    this.#checks = new LowestItems(most, compare, checks);
    this.#passed = passed;
    this.#refused = refused;
  }

  get refused(): number {
    return this.#refused;
  }

  add(check: BreakerCheck): void {
    if (!this.#checks.add(check)) return;
    if (check.passed) this.#passed += 1;
    else this.#refused += 1;
  }

  toChecks(): BreakerChecks {
    return { passed: this.#passed, refused: this.#refused, checks: this.#checks.list };
  }
}

/** By time, then in any order that is always the same. */
function compare(left: BreakerCheck, right: BreakerCheck): number {
  if (left.at !== right.at) return left.at - right.at;
  const one = JSON.stringify([left.breaker, left.state, left.passed]);
  const two = JSON.stringify([right.breaker, right.state, right.passed]);
  return one === two ? 0 : one < two ? -1 : 1;
}
