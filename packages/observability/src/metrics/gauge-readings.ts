import type { InstrumentKey } from './instruments.js';
import type { BreakerState, MetricSource } from './metric-source.js';
import { labelOf, other } from './pipeline-series.js';
import { NumberSeries, type Labels } from './series.js';

type Value<Kind extends MetricSource['kind']> = Awaited<
  ReturnType<Extract<MetricSource, { readonly kind: Kind }>['read']>
>;

const breakerStates: readonly BreakerState[] = ['closed', 'open', 'half-open'];

/** What the sources said in one collection. Of queues, workers and breakers `maxNames` each have a name of their own. */
export class GaugeReadings {
  readonly #maxNames: number;
  readonly #names = new Map<string, Set<string>>();
  readonly #series = new Map<InstrumentKey, Map<string, NumberSeries>>();

  constructor(maxNames: number) {
    this.#maxNames = maxNames;
  }

  /** @throws Error when a value is not what its source has to say; nothing of it is kept then */
  add(source: MetricSource, value: unknown): void {
    switch (source.kind) {
      case 'queue':
        return this.#addQueue(this.#nameOf('queue', source.name), value as Value<'queue'>);
      case 'workers':
        return this.#addWorkers(value as Value<'workers'>);
      case 'approvals': {
        const { open, overdue } = value as Value<'approvals'>;
        return this.#addAll('approvals', [
          [{ state: 'open' }, open],
          [{ state: 'overdue' }, overdue],
        ]);
      }
      case 'breakers':
        return this.#addBreakers(value as Value<'breakers'>);
      case 'traces':
        return this.#addAll(
          'tracesLost',
          Object.entries(value as Value<'traces'>).map(([kind, count]) => [{ kind }, count]),
        );
    }
  }

  list(key: InstrumentKey): readonly NumberSeries[] {
    return [...(this.#series.get(key)?.values() ?? [])];
  }

  #addQueue(queue: string, { ready, delayed, active, dead, oldestReadyAgeMs }: Value<'queue'>): void {
    const age = oldestReadyAgeMs ?? 0;
    checkNumber(age);
    this.#addAll(
      'queueMessages',
      Object.entries({ ready, delayed, active, dead }).map(([state, count]) => [{ queue, state }, count]),
    );
    const series = this.#one('queueOldestAge', { queue });
    series.value = Math.max(series.value, age / 1_000);
  }

  #addWorkers(instances: Value<'workers'>): void {
    this.#addAll(
      'workerSlots',
      instances.flatMap(({ worker: name, slots: { used, total } }): [Labels, number][] => {
        const worker = this.#nameOf('worker', name);
        return [
          [{ worker, state: 'used' }, used],
          [{ worker, state: 'total' }, total],
        ];
      }),
    );
  }

  #addBreakers(breakers: Value<'breakers'>): void {
    this.#addAll(
      'breakerState',
      Object.entries(breakers).flatMap(([name, now]): [Labels, number][] => {
        if (!breakerStates.includes(now)) throw new TypeError(`A breaker cannot be "${String(now)}".`);
        const breaker = this.#nameOf('breaker', name);
        return breakerStates.map((state) => [{ breaker, state }, state === now ? 1 : 0]);
      }),
    );
  }

  #addAll(key: InstrumentKey, values: readonly (readonly [Labels, number])[]): void {
    for (const [, value] of values) checkNumber(value);
    for (const [labels, value] of values) this.#one(key, labels).value += value;
  }

  #one(key: InstrumentKey, labels: Labels): NumberSeries {
    const all = this.#series.get(key) ?? new Map<string, NumberSeries>();
    this.#series.set(key, all);
    const id = JSON.stringify(Object.values(labels));
    const series = all.get(id) ?? new NumberSeries(labels);
    all.set(id, series);
    return series;
  }

  #nameOf(what: string, name: string): string {
    const names = this.#names.get(what) ?? new Set();
    this.#names.set(what, names);
    const label = labelOf(String(name));
    if (!names.has(label) && names.size >= this.#maxNames) return other;
    names.add(label);
    return label;
  }
}

function checkNumber(value: unknown): void {
  if (Number.isFinite(value) && (value as number) >= 0) return;
  throw new TypeError(`${String(value)} is no count; give a finite number, 0 or more.`);
}
