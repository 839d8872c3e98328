export type { ConformanceCase } from './conformance-case.js';
export { executionStoreConformance } from './execution-store-conformance.js';
export type { ExecutionStoreHarness } from './execution-store-conformance.js';
export { ManualClock, settled } from './manual-clock.js';
export type { ManualClockOptions } from './manual-clock.js';
export { messageQueueConformance } from './message-queue-conformance.js';
export type { MessageQueueHarness } from './message-queue-conformance.js';
