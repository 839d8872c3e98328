import type { InstrumentKey } from './instruments.js';
import { labelOf, other } from './pipeline-series.js';
import type { Labels, NumberSeries, SeriesRegister } from './series.js';

/**
 * Counters of what few executions do: each series is made with its first value. Of each instrument `maxSeries` are
 * kept; what comes later is counted under `other`.
 */
export class RareCounters {
  readonly #register: SeriesRegister;
  readonly #maxSeries: number;
  readonly #series = new Map<InstrumentKey, Map<string, NumberSeries>>();

  constructor(register: SeriesRegister, maxSeries: number) {
    this.#register = register;
    this.#maxSeries = maxSeries;
  }

  /**
   * @param names - labels that may be anything
   * @param kinds - labels that have few values, which stay as they are
   */
  add(key: InstrumentKey, by: number, names: Labels, kinds: Labels = {}): void {
    const all = this.#series.get(key) ?? new Map<string, NumberSeries>();
    this.#series.set(key, all);
    const labels = { ...mapped(names, labelOf), ...kinds };
    const known = all.get(idOf(labels));
    const series =
      known ??
      (all.size < this.#maxSeries
        ? this.#make(all, key, labels)
        : this.#otherOf(all, key, { ...mapped(names, () => other), ...kinds }));
    series.value += by;
  }

  #otherOf(all: Map<string, NumberSeries>, key: InstrumentKey, labels: Labels): NumberSeries {
    return all.get(idOf(labels)) ?? this.#make(all, key, labels);
  }

  #make(all: Map<string, NumberSeries>, key: InstrumentKey, labels: Labels): NumberSeries {
    const made = this.#register.number(key, labels);
    all.set(idOf(labels), made);
    return made;
  }
}

function idOf(labels: Labels): string {
  return JSON.stringify(Object.values(labels));
}

function mapped(labels: Labels, change: (name: string) => string): Labels {
  return Object.fromEntries(Object.entries(labels).map(([label, name]) => [label, change(name)]));
}
