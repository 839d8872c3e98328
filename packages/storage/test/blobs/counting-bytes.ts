import { executionStoreConformance } from '@certoai/loom-core/testing';

/**
 * Rules about the bytes that retention counts, which are those of references here, and scenarios that may follow
 * them. They run where nothing becomes a blob; `claim-checked-executions.random.test.ts` has scenarios without them.
 */
const isAboutBytes =
  /bytes|until the payloads fit|removes only what ended as the policy says|does what the model does/;

export const withBlobs = executionStoreConformance.filter(({ name }) => !isAboutBytes.test(name));
export const withoutBlobs = executionStoreConformance.filter(({ name }) => isAboutBytes.test(name));
