import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { instruments, prometheusName, type Instrument } from '../../src/metrics/instruments.js';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const file = new URL('../../../../docs/grafana/loom-dashboard.json', import.meta.url);
const { panels, templating } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: unknown }[] };
};
const byName = new Map<string, Instrument>(
  Object.values(instruments).map((instrument) => [prometheusName(instrument), instrument]),
);
const expressions = [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...templating.list.map(({ query }) => JSON.stringify(query)),
];

/** Metrics of an expression, a histogram by its own name. */
function metricsIn(expression: string): string[] {
  return [...expression.matchAll(/\bloom_[a-z_]+/g)].map(([name]) =>
    byName.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''),
  );
}

/** Metrics that no panel shows, each with a reason. */
const notShown: readonly string[] = [];

test('every metric on the dashboard exists', () => {
  const unknown = expressions.flatMap(metricsIn).filter((name) => !byName.has(name));
  expect(unknown).toEqual([]);
});

test('every metric that exists is on the dashboard, or deliberately not', () => {
  const shown = new Set(expressions.flatMap(metricsIn));
  const missing = [...byName.keys()].filter((name) => !shown.has(name));
  expect(missing).toEqual(notShown);
});

test('every label of an expression and of its legend is one of its metrics', () => {
  for (const { title, targets = [] } of panels) {
    for (const { expr, legendFormat } of targets) {
      // `le` comes with a histogram, `instance` with Prometheus.
      const labels = new Set([
        'le',
        'instance',
        ...metricsIn(expr).flatMap((name) => byName.get(name)?.labels ?? []),
      ]);
      const selected = [...expr.matchAll(/([a-z]+)(?:=~|!=|=)"/g)].map(([, label]) => label);
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
      const named = [...legendFormat.matchAll(/\{\{([a-z]+)\}\}/g)].map(([, label]) => label);
      for (const label of [...selected, ...grouped, ...named])
        expect(labels, `${title}: ${label}`).toContain(label);
      for (const label of named) expect(grouped, `${title}: ${label} is summed up`).toContain(label);
    }
  }
});

test('panels have ids of their own, lie on the grid and do not overlap', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const [place, { title, gridPos: one }] of panels.entries()) {
    expect(one.x + one.w, title).toBeLessThanOrEqual(24);
    for (const { title: later, gridPos: two } of panels.slice(place + 1)) {
      const apart =
        one.x + one.w <= two.x || two.x + two.w <= one.x || one.y + one.h <= two.y || two.y + two.h <= one.y;
      expect(apart, `${title} and ${later}`).toBe(true);
    }
  }
});
