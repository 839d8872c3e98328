import type { ConformanceCase } from './conformance-case.js';
import { closeCases } from './execution-store/close-cases.js';
import { commitCases } from './execution-store/commit-cases.js';
import { crashCases } from './execution-store/crash-cases.js';
import { createCases } from './execution-store/create-cases.js';
import type { ExecutionStoreHarness } from './execution-store/harness.js';
import { holdingCases } from './execution-store/holding-cases.js';
import { listCases } from './execution-store/list-cases.js';
import { messageCases } from './execution-store/message-cases.js';
import { payloadCases } from './execution-store/payload-cases.js';
import { pruneCases } from './execution-store/prune-cases.js';
import { randomCases } from './execution-store/random-cases.js';
import { recordCases } from './execution-store/record-cases.js';
import { releaseCases } from './execution-store/release-cases.js';

export type { ExecutionStoreHarness } from './execution-store/harness.js';

/**
 * Every rule of the `ExecutionStore` port. An adapter's test is one loop:
 * `for (const check of executionStoreConformance) test(check.name, () => check.run(harness))`.
 */
export const executionStoreConformance: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  ...createCases,
  ...recordCases,
  ...commitCases,
  ...holdingCases,
  ...releaseCases,
  ...messageCases,
  ...listCases,
  ...pruneCases,
  ...payloadCases,
  ...closeCases,
  ...crashCases,
  ...randomCases,
];
