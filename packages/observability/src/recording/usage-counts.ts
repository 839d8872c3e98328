import type { Draft } from '../internal/draft.js';
import type { Usage, UsageTotals } from '../summary/model-usage.js';

/** Models that are told apart. */
const maxModels = 64;
const other = 'other';
/** Money is added up in whole billionths: sums of fractions depend on their order. */
const parts = 1e9;
/** No decision costs as much, and sums of what is below are exact. */
const mostMoney = 1e6;

/** What one decision adds. */
export interface Used {
  readonly model: string;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cost?: number | undefined;
  readonly currency?: string | undefined;
}

interface Counts {
  decisions: number;
  inputTokens: number;
  outputTokens: number;
  /** In billionths. */
  cost: Map<string, number>;
}

export function isMoney(cost: unknown): cost is number {
  return typeof cost === 'number' && cost >= 0 && cost <= mostMoney;
}

/** As it is kept: what is less than a billionth goes. */
export function roundMoney(cost: number): number {
  return inParts(cost) / parts;
}

/** Adds up what models were used for: the same in whatever order it comes. */
export class UsageCounts {
  readonly #models = new Map<string, Counts>();

  add({ model, inputTokens = 0, outputTokens = 0, cost, currency = 'USD' }: Used): void {
    const counts = this.#countsOf(model);
    counts.decisions += 1;
    counts.inputTokens += inputTokens;
    counts.outputTokens += outputTokens;
    if (cost !== undefined) addMoney(counts, currency, inParts(cost));
  }

  addUsage({ models }: Usage): void {
    for (const { model, decisions, inputTokens, outputTokens, cost } of models) {
      const counts = this.#countsOf(model);
      counts.decisions += decisions;
      counts.inputTokens += inputTokens;
      counts.outputTokens += outputTokens;
      for (const [currency, money] of Object.entries(cost)) addMoney(counts, currency, inParts(money));
    }
  }

  toUsage(): Usage {
    const total = noCounts();
    const models = [...this.#models].sort(byName).map(([model, counts]) => {
      total.decisions += counts.decisions;
      total.inputTokens += counts.inputTokens;
      total.outputTokens += counts.outputTokens;
      for (const [currency, money] of counts.cost) addMoney(total, currency, money);
      return { model, ...totalsOf(counts) };
    });
    return { ...totalsOf(total), models };
  }

  #countsOf(model: string): Counts {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    if (this.#models.size >= maxModels && model !== other) return this.#countsOf(other);
    const made = noCounts();
    this.#models.set(model, made);
    return made;
  }
}

function noCounts(): Counts {
  return { decisions: 0, inputTokens: 0, outputTokens: 0, cost: new Map() };
}

function addMoney({ cost }: Counts, currency: string, money: number): void {
  cost.set(currency, (cost.get(currency) ?? 0) + money);
}

function inParts(money: number): number {
  return Math.round(money * parts);
}

function totalsOf({ decisions, inputTokens, outputTokens, cost }: Counts): UsageTotals {
  const money: Draft<UsageTotals['cost']> = {};
  for (const [currency, sum] of [...cost].sort(byName)) money[currency] = sum / parts;
  return { decisions, inputTokens, outputTokens, cost: money };
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}
