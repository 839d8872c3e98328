import type { Fifo } from '../internal/fifo.js';
import type { Logger } from '../ports/logger.js';
import type { Cell } from './cell.js';
import type { Behaviour } from './context.js';
import type { IdleDeadline } from './idle.js';
import type { Verdict } from './supervision.js';
import type { TimerTable } from './timer-table.js';

/** What most actors never use. */
export class CellExtras {
  /** Behaviours by `become`, the present one last. */
  behaviours: Behaviour[] | undefined;
  stash: Fifo<unknown> | undefined;
  timers: TimerTable | undefined;
  receiveTimeout: IdleDeadline | undefined;
  passivation: IdleDeadline | undefined;
  /** Those who want to know when this actor stops, and those it wants to know of. */
  watchers: Set<Cell> | undefined;
  watching: Set<Cell> | undefined;
  logger: Logger | undefined;
  /** What was decided while a message was being handled. */
  verdict: Verdict | undefined;
  /** Times of restarts within the window, when their number is limited. */
  restarts: number[] | undefined;
  /** Restarts in a row, without a handled message in between. */
  streak = 0;
  /** Ends the wait before a restart. */
  wake: (() => void) | undefined;
  /** What made it stop, for those whose messages it leaves. */
  cause: unknown;
  stopped: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
}
