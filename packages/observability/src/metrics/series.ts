import { instruments, type Instrument, type InstrumentKey } from './instruments.js';

export type Labels = Readonly<Record<string, string>>;

/** Hears of every value of a histogram, for exporters that keep distributions of their own. */
export type ValueListener = (key: InstrumentKey, value: number, labels: Labels) => void;

/** One counter or gauge with one set of labels. */
export class NumberSeries {
  readonly labels: Labels;
  value = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }
}

/** One histogram with one set of labels. */
export class HistogramSeries {
  readonly labels: Labels;
  readonly #key: InstrumentKey;
  readonly #boundaries: readonly number[];
  readonly #listeners: ReadonlySet<ValueListener>;
  /** By bucket, the one above the last boundary included; not added up. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(key: InstrumentKey, labels: Labels, listeners: ReadonlySet<ValueListener>) {
    const { boundaries = [] }: Instrument = instruments[key];
    this.#key = key;
    this.labels = labels;
    this.#boundaries = boundaries;
    this.#listeners = listeners;
    this.counts = Array.from({ length: boundaries.length + 1 }, () => 0);
  }

  record(value: number): void {
    const boundaries = this.#boundaries;
    let bucket = 0;
    while (bucket < boundaries.length && value > (boundaries[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += value;
    this.count += 1;
    if (this.#listeners.size > 0) this.#tell(value);
  }

  #tell(value: number): void {
    for (const listener of this.#listeners) {
      try {
        listener(this.#key, value, this.labels);
      } catch {
        // An exporter that fails is no reason to stop counting.
      }
    }
  }
}

/** All series that events feed, by instrument. A series is made once, and kept by who feeds it. */
export class SeriesRegister {
  readonly listeners = new Set<ValueListener>();
  readonly #numbers = new Map<InstrumentKey, NumberSeries[]>();
  readonly #histograms = new Map<InstrumentKey, HistogramSeries[]>();

  number(key: InstrumentKey, labels: Labels): NumberSeries {
    const series = new NumberSeries(labels);
    listOf(this.#numbers, key).push(series);
    return series;
  }

  histogram(key: InstrumentKey, labels: Labels): HistogramSeries {
    const series = new HistogramSeries(key, labels, this.listeners);
    listOf(this.#histograms, key).push(series);
    return series;
  }

  numbers(key: InstrumentKey): readonly NumberSeries[] {
    return this.#numbers.get(key) ?? [];
  }

  histograms(key: InstrumentKey): readonly HistogramSeries[] {
    return this.#histograms.get(key) ?? [];
  }
}

function listOf<Series>(lists: Map<InstrumentKey, Series[]>, key: InstrumentKey): Series[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
