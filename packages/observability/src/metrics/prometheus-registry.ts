import { LoomError } from '@certoai/loom-core';
import { invalidOption } from '../internal/invalid-option.js';
import { instruments, prometheusName, type Instrument } from './instruments.js';
import { LoomMetrics, type MetricFamily, type MetricSeries } from './loom-metrics.js';
import type { Labels } from './series.js';

/** What is needed of a `Registry` of `prom-client`, which is not loaded for its types. */
export interface PrometheusRegistryLike {
  /** The text that Prometheus scrapes. */
  metrics(): Promise<string>;
  /** For the header of that answer. */
  readonly contentType: string;
  registerMetric(metric: object): void;
}

/** One line of the text, as prom-client takes it. */
interface PrometheusValue {
  readonly metricName?: string;
  readonly labels: Labels | Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * Registers all of `metrics` with a registry of `prom-client`; they are collected when it is asked for its text.
 * @param registry - one of your own, with the metrics it has. @default a new one, for which `prom-client` is loaded
 * @throws LoomError `LOOM_MISSING_DEPENDENCY` when prom-client is needed and not installed, `LOOM_INVALID_OPTION`
 *   for what is no registry, or one that has metrics of these names
 */
export async function prometheusRegistry<Registry extends PrometheusRegistryLike = PrometheusRegistryLike>(
  metrics: LoomMetrics,
  registry?: Registry,
): Promise<Registry> {
  const target = registry ?? ((await newRegistry()) as Registry);
  if (typeof (target as Partial<Registry> | null)?.registerMetric !== 'function') {
    throw invalidOption('registry', registry, 'a Registry of prom-client');
  }
  try {
    for (const instrument of Object.values(instruments))
      target.registerMetric(new Exported(metrics, instrument));
  } catch (cause) {
    const message = 'The registry already has metrics of Loom. Register them once, or give another registry.';
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'registry' }, { cause });
  }
  return target;
}

async function newRegistry(): Promise<PrometheusRegistryLike> {
  try {
    const { Registry } = await import('prom-client');
    return new Registry();
  } catch (cause) {
    const message =
      'Metrics for Prometheus need the package "prom-client", which cannot be loaded. Run "npm install prom-client".';
    throw new LoomError('LOOM_MISSING_DEPENDENCY', message, { dependency: 'prom-client' }, { cause });
  }
}

/** One instrument, as prom-client keeps a metric: it is asked for its values when the text is made. */
class Exported {
  /** prom-client takes the ending `_total` away where its text format adds it by itself. */
  name: string;
  readonly help: string;
  readonly type: Instrument['kind'];
  readonly aggregator = 'sum';
  readonly #metrics: LoomMetrics;
  readonly #instrument: Instrument;

  constructor(metrics: LoomMetrics, instrument: Instrument) {
    this.name = prometheusName(instrument);
    this.help = instrument.description;
    this.type = instrument.kind;
    this.#metrics = metrics;
    this.#instrument = instrument;
  }

  async get(): Promise<
    Pick<this, 'name' | 'help' | 'type' | 'aggregator'> & { readonly values: readonly PrometheusValue[] }
  > {
    const { name, help, type, aggregator } = this;
    const families = await this.#metrics.collect();
    const family = families.find(({ instrument }) => instrument === this.#instrument);
    return { name, help, type, aggregator, values: valuesOf(name, family) };
  }
}

function valuesOf(name: string, family: MetricFamily | undefined): readonly PrometheusValue[] {
  if (family === undefined) return [];
  const { boundaries = [] } = family.instrument;
  return family.series.flatMap((series) =>
    'value' in series ? [series] : bucketsOf(name, series, boundaries),
  );
}

/** Prometheus adds buckets up, each includes those below it. */
function bucketsOf(
  name: string,
  { labels, counts, sum, count }: Exclude<MetricSeries, { readonly value: number }>,
  boundaries: readonly number[],
): readonly PrometheusValue[] {
  let below = 0;
  const buckets = counts.map((inBucket, place) => {
    below += inBucket;
    return {
      metricName: `${name}_bucket`,
      labels: { ...labels, le: boundaries[place] ?? '+Inf' },
      value: below,
    };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
