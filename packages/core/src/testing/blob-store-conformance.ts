import type { ConformanceCase } from './conformance-case.js';
import type { BlobStoreHarness } from './blob-store/harness.js';
import { keyCases } from './blob-store/key-cases.js';
import { lifeCases } from './blob-store/life-cases.js';
import { prefixCases } from './blob-store/prefix-cases.js';
import { textCases } from './blob-store/text-cases.js';

export type { BlobStoreHarness } from './blob-store/harness.js';

/** Every rule of the `BlobStore` port, for a loop as that of `messageQueueConformance`. */
export const blobStoreConformance: readonly ConformanceCase<BlobStoreHarness>[] = [
  ...textCases,
  ...keyCases,
  ...prefixCases,
  ...lifeCases,
];
