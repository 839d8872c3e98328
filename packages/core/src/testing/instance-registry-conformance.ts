import type { ConformanceCase } from './conformance-case.js';
import type { InstanceRegistryHarness } from './instance-registry/harness.js';
import { leaseCases } from './instance-registry/lease-cases.js';
import { listCases } from './instance-registry/list-cases.js';
import { refusalCases } from './instance-registry/refusal-cases.js';
import { sharedCases } from './instance-registry/shared-cases.js';
import { watchCases } from './instance-registry/watch-cases.js';

export type { InstanceRegistryHarness } from './instance-registry/harness.js';

/** Every rule of the `InstanceRegistry` port, for a loop as that of `messageQueueConformance`. */
export const instanceRegistryConformance: readonly ConformanceCase<InstanceRegistryHarness>[] = [
  ...listCases,
  ...leaseCases,
  ...refusalCases,
  ...watchCases,
  ...sharedCases,
];
