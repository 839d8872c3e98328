import type { ActorSystem } from '../actor/actor-system.js';
import type { Deadlines } from '../lifecycle/deadlines.js';
import type { Clock } from '../ports/clock.js';
import type { TaskPool } from './task-pool.js';

/** What the parts of one worker share. */
export interface WorkerHost {
  /** Its name. */
  readonly worker: string;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly timeouts: Deadlines;
  readonly poolOf: (type: string) => TaskPool | undefined;
  readonly maxPayloadBytes: number;
  /** Tasks of one type at the same time, where its registration does not say. */
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly maxDeliveries: number;
  readonly closeTimeoutMs: number;
}
