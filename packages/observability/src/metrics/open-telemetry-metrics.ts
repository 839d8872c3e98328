import type { BatchObservableCallback, Histogram, Meter, Observable } from '@opentelemetry/api';
import { openTelemetryApi } from '../internal/open-telemetry-api.js';
import { instruments, type Instrument, type InstrumentKey } from './instruments.js';
import type { LoomMetrics } from './loom-metrics.js';

/** What is needed of a `Meter` of `@opentelemetry/api`, which is not loaded for its types. */
export interface OpenTelemetryMeterLike {
  createHistogram(name: string, options?: object): object;
  createObservableCounter(name: string, options?: object): object;
  createObservableGauge(name: string, options?: object): object;
  addBatchObservableCallback(callback: ObservationsLike, observables: object[]): void;
  removeBatchObservableCallback(callback: ObservationsLike, observables: object[]): void;
}

type ObservationsLike = (result: {
  observe(observable: object, value: number): void;
}) => void | Promise<void>;

export interface OpenTelemetryMetricsOptions {
  /** @default that of the global meter provider, named `@certoai/loom-observability` */
  readonly meter?: OpenTelemetryMeterLike | undefined;
}

/**
 * Exports all of `metrics` through OpenTelemetry. Counters and gauges are read when the SDK collects; values of
 * histograms are recorded as they come, from now on.
 * @returns the function that ends it; calling it twice does nothing
 * @throws LoomError `LOOM_MISSING_DEPENDENCY` when no meter is given and `@opentelemetry/api` is not installed
 */
export function openTelemetryMetrics(
  metrics: LoomMetrics,
  options: OpenTelemetryMetricsOptions = {},
): () => void {
  const { meter = openTelemetryApi().metrics.getMeter('@certoai/loom-observability') } = options;
  const { observables, histograms } = createInstruments(meter as Meter);
  const stopValues = metrics.onValue((key, value, labels) => histograms.get(key)?.record(value, labels));
  const callback: BatchObservableCallback = async (result) => {
    for (const { key, series } of await metrics.collect()) {
      const observable = observables.get(key);
      if (observable === undefined) continue;
      for (const one of series) if ('value' in one) result.observe(observable, one.value, one.labels);
    }
  };
  const all = [...observables.values()];
  (meter as Meter).addBatchObservableCallback(callback, all);
  return () => {
    stopValues();
    (meter as Meter).removeBatchObservableCallback(callback, all);
  };
}

function createInstruments(meter: Meter): {
  readonly observables: ReadonlyMap<InstrumentKey, Observable>;
  readonly histograms: ReadonlyMap<InstrumentKey, Histogram>;
} {
  const observables = new Map<InstrumentKey, Observable>();
  const histograms = new Map<InstrumentKey, Histogram>();
  for (const [name, instrument] of Object.entries(instruments)) {
    const key = name as InstrumentKey;
    const { kind, unit, description, boundaries = [] }: Instrument = instrument;
    const options = { unit, description };
    switch (kind) {
      case 'counter':
        observables.set(key, meter.createObservableCounter(instrument.name, options));
        break;
      case 'gauge':
        observables.set(key, meter.createObservableGauge(instrument.name, options));
        break;
      case 'histogram': {
        const advice = { explicitBucketBoundaries: [...boundaries] };
        histograms.set(key, meter.createHistogram(instrument.name, { ...options, advice }));
      }
    }
  }
  return { observables, histograms };
}
