import type { ConformanceCase } from './conformance-case.js';
import { bodyCases } from './message-queue/body-cases.js';
import { concurrencyCases } from './message-queue/concurrency-cases.js';
import { controlCases } from './message-queue/control-cases.js';
import { crashCases } from './message-queue/crash-cases.js';
import { deadLetterCases } from './message-queue/dead-letter-cases.js';
import { deliveryCases } from './message-queue/delivery-cases.js';
import { failureCases } from './message-queue/failure-cases.js';
import { groupCases } from './message-queue/group-cases.js';
import { groupLifeCases } from './message-queue/group-life-cases.js';
import type { MessageQueueHarness } from './message-queue/harness.js';
import { randomCases } from './message-queue/random-cases.js';
import { temporaryCases } from './message-queue/temporary-cases.js';
import { withdrawCases } from './message-queue/withdraw-cases.js';

export type { MessageQueueHarness } from './message-queue/harness.js';

/**
 * Every rule of the `MessageQueue` port. An adapter's test is one loop:
 * `for (const check of messageQueueConformance) test(check.name, () => check.run(harness))`.
 */
export const messageQueueConformance: readonly ConformanceCase<MessageQueueHarness>[] = [
  ...deliveryCases,
  ...bodyCases,
  ...concurrencyCases,
  ...failureCases,
  ...controlCases,
  ...deadLetterCases,
  ...crashCases,
  ...groupCases,
  ...groupLifeCases,
  ...withdrawCases,
  ...temporaryCases,
  ...randomCases,
];
