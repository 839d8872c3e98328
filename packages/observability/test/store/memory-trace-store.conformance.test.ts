import { test } from 'vitest';
import { MemoryTraceStore } from '../../src/store/memory-trace-store.js';
import { traceStoreConformance } from './trace-store-conformance.js';

for (const { name, run } of traceStoreConformance) {
  test(name, () =>
    run({ create: async () => new MemoryTraceStore({ maxExecutions: 1_000, maxSpans: 20_000 }) }),
  );
}
