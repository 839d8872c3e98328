import type { ConformanceCase } from './conformance-case.js';
import { claimCases } from './outbox-store/claim-cases.js';
import { commitCases } from './outbox-store/commit-cases.js';
import type { OutboxStoreHarness } from './outbox-store/harness.js';
import { parkCases } from './outbox-store/park-cases.js';
import { randomCases } from './outbox-store/random-cases.js';

export type { OutboxStoreHarness } from './outbox-store/harness.js';

/** Every rule of the `OutboxStore` port, for a loop as that of `messageQueueConformance`. */
export const outboxStoreConformance: readonly ConformanceCase<OutboxStoreHarness>[] = [
  ...commitCases,
  ...claimCases,
  ...parkCases,
  ...randomCases,
];
