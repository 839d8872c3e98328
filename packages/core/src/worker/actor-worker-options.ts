import type { Clock } from '../ports/clock.js';
import type { IdSource } from '../ports/id-source.js';
import type { InstanceRegistry } from '../ports/instance-registry.js';
import type { Logger } from '../ports/logger.js';
import type { MessageQueue } from '../ports/message-queue.js';
import type { Random } from '../ports/random.js';
import type { ActorRegistry } from '../registry/actor-registry.js';

export interface ActorWorkerOptions {
  /** Without one, the worker serves this process only. It stays open when the worker closes. */
  readonly queue?: MessageQueue | undefined;
  /** @default one of its own */
  readonly registry?: ActorRegistry | undefined;
  /** Tasks of one type at the same time, where its registration does not say; 1 to 10_000. @default 100 */
  readonly concurrency?: number | undefined;
  /** Of an ask that does not say; milliseconds, 1 or more. @default 5_000 */
  readonly askTimeoutMs?: number | undefined;
  /** A larger output of a task fails it; bytes of JSON, 1 or more. @default 16 MiB */
  readonly maxPayloadBytes?: number | undefined;
  /** Dead letters kept to be looked at; 0 or more. @default 100 */
  readonly deadLetterCapacity?: number | undefined;
  /**
   * Deliveries of one message or task from the queue before it is given up: a message whose handler threw, and
   * either when its worker died, each time. A message becomes a dead letter, a task fails with
   * `LOOM_TASK_CRASHED`. 1 or more. @default 5
   */
  readonly maxDeliveries?: number | undefined;
  /** Where the worker makes itself known once it has started. It stays open when the worker closes. @default the queue's, if it has one */
  readonly instances?: InstanceRegistry | undefined;
  /** Where it runs and what sets it apart, such as `{ zone: 'west', gpu: 'a100' }`. @default none */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** A message or task of a worker that died comes back after at most this; milliseconds, 100 to 43_200_000. @default 5_000 */
  readonly leaseMs?: number | undefined;
  /** How long `close` waits for handlers that do not return; milliseconds, 0 or more. @default 5_000 */
  readonly closeTimeoutMs?: number | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** @default real time */
  readonly clock?: Clock | undefined;
  /** @default ULIDs */
  readonly ids?: IdSource | undefined;
  /** For jitter. @default Math.random */
  readonly random?: Random | undefined;
}
