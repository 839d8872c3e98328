import type { ExecutionEvent, Logger, TraceSink } from '@certoai/loom-core';
import { BoundedCall } from '../internal/bounded-call.js';
import { invalidOption } from '../internal/invalid-option.js';
import { EventLoopLag } from './event-loop-lag.js';
import { EventMetrics } from './event-metrics.js';
import { GaugeReadings } from './gauge-readings.js';
import { instruments, type Instrument, type InstrumentKey } from './instruments.js';
import {
  resolveLoomMetricsOptions,
  type LoomMetricsOptions,
  type ResolvedLoomMetricsOptions,
} from './loom-metrics-options.js';
import type { MetricSource } from './metric-source.js';
import { SeriesRegister, type Labels, type NumberSeries, type ValueListener } from './series.js';

/** One instrument as it stands, with a series for every set of labels. */
export interface MetricFamily {
  readonly key: InstrumentKey;
  readonly instrument: Instrument;
  readonly series: readonly MetricSeries[];
}

export type MetricSeries =
  | { readonly labels: Labels; readonly value: number }
  /** `counts` are by bucket of the instrument's boundaries, one above the last included, not added up. */
  | {
      readonly labels: Labels;
      readonly counts: readonly number[];
      readonly sum: number;
      readonly count: number;
    };

const kinds: readonly string[] = [
  'queue',
  'workers',
  'approvals',
  'breakers',
  'traces',
] satisfies readonly MetricSource['kind'][];

interface WatchedSource {
  readonly source: MetricSource;
  readonly call: BoundedCall<unknown>;
  readonly failures: NumberSeries;
}

/**
 * Counts and measures what executions do, from their events, and reads how queues, workers, approvals and
 * breakers stand when somebody collects. It holds plain numbers; {@link prometheusRegistry} and
 * {@link openTelemetryMetrics} bring them where they are wanted.
 */
export class LoomMetrics implements TraceSink, Disposable {
  readonly #options: ResolvedLoomMetricsOptions;
  readonly #register = new SeriesRegister();
  readonly #events: EventMetrics;
  readonly #sources = new Set<WatchedSource>();
  readonly #failures = new Map<string, NumberSeries>();
  readonly #lag = new EventLoopLag();
  #collecting: Promise<readonly MetricFamily[]> | undefined;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor(options?: LoomMetricsOptions) {
    this.#options = resolveLoomMetricsOptions(options);
    const { maxSeries, maxExecutions } = this.#options;
    this.#events = new EventMetrics(this.#register, maxSeries, maxExecutions);
  }

  /** Adds up what an event says, at once. What is no event of the port is passed over. Never throws. */
  observe(event: ExecutionEvent): void {
    try {
      this.#events.add(event);
    } catch {
      // A producer written in JavaScript may send anything.
    }
  }

  /**
   * Reads `source` at every collection from now on. One that fails or is late is left out of that collection
   * and counted.
   * @returns the function that ends it; calling it twice does nothing
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  watch(source: MetricSource): () => void {
    checkSource(source);
    const { clock, sourceTimeoutMs } = this.#options;
    const watched: WatchedSource = {
      source,
      call: new BoundedCall<unknown>(() => source.read(), clock, sourceTimeoutMs),
      failures: this.#failuresOf(source.kind),
    };
    this.#sources.add(watched);
    return () => void this.#sources.delete(watched);
  }

  /** How everything stands, instruments without series included; a histogram has those that have values. Calls that come while one is at work share its answer. Never rejects. */
  collect(): Promise<readonly MetricFamily[]> {
    return (this.#collecting ??= this.#collect().finally(() => (this.#collecting = undefined)));
  }

  /**
   * Calls `listener` with every value of a histogram from now on, on the way of the event that brings it.
   * @returns the function that ends it; calling it twice does nothing
   */
  onValue(listener: ValueListener): () => void {
    this.#register.listeners.add(listener);
    return () => void this.#register.listeners.delete(listener);
  }

  /** Ends the measurement of the event loop and watches no source any more. Idempotent. */
  close(): void {
    this.#sources.clear();
    this.#lag.stop();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #collect(): Promise<readonly MetricFamily[]> {
    const readings = new GaugeReadings(this.#options.maxSeries);
    await Promise.all([...this.#sources].map((watched) => this.#read(watched, readings)));
    const lag = this.#options.eventLoopLag ? this.#lag.read() : [];
    return (Object.keys(instruments) as InstrumentKey[]).map((key) => {
      const series: MetricSeries[] = [...this.#register.numbers(key), ...readings.list(key)].map(
        ({ labels, value }) => ({ labels, value }),
      );
      for (const { labels, counts, sum, count } of this.#register.histograms(key)) {
        // Most of a text would be buckets of what never happened.
        if (count > 0) series.push({ labels, counts: [...counts], sum, count });
      }
      if (key === 'eventLoopLag') {
        for (const [statistic, value] of lag) series.push({ labels: { statistic }, value });
      }
      return { key, instrument: instruments[key], series };
    });
  }

  async #read({ source, call, failures }: WatchedSource, readings: GaugeReadings): Promise<void> {
    const outcome = await call.run();
    let error: unknown = outcome.kind === 'error' ? outcome.error : undefined;
    if (outcome.kind === 'value') {
      try {
        return readings.add(source, outcome.value);
      } catch (cause) {
        error = cause;
      }
    }
    failures.value += 1;
    if (failures.value === 1) report(this.#options.logger, source.kind, outcome.kind === 'late', error);
  }

  #failuresOf(kind: MetricSource['kind']): NumberSeries {
    const known = this.#failures.get(kind);
    if (known !== undefined) return known;
    const made = this.#register.number('sourceFailures', { source: kind });
    this.#failures.set(kind, made);
    return made;
  }
}

function checkSource(source: MetricSource): void {
  const { kind, read } = (source ?? {}) as { readonly kind?: unknown; readonly read?: unknown };
  if (!kinds.includes(kind as string))
    throw invalidOption('kind of a source', kind, `one of ${kinds.join(', ')}`);
  if (typeof read !== 'function')
    throw invalidOption('read', read, 'a function that says how the source stands');
  if (source.kind === 'queue' && (typeof source.name !== 'string' || source.name === '')) {
    throw invalidOption('name', source.name, 'the name of the queue');
  }
}

function report(logger: Logger, source: string, late: boolean, error: unknown): void {
  try {
    logger.warn('Source of metrics failed', { source, late, ...(error !== undefined && { error }) });
  } catch {
    // A logger that fails is no reason to stop measuring.
  }
}
