import { test } from 'vitest';
import { ControlledTraceStore } from '../support/controlled-trace-store.js';
import { traceStoreConformance } from './trace-store-conformance.js';

for (const { name, run } of traceStoreConformance) {
  test(name, () => run({ create: async () => new ControlledTraceStore({ maxSpans: 20_000 }) }));
}
