import type { EventBuffer } from './event-buffer.js';
import type { ExecutionLog } from './execution-log.js';
import type { ExecutionTrace } from './execution-trace.js';

/** An execution that is being recorded in this process. */
export interface OpenTrace {
  readonly executionId: string;
  /** Absent until the store has said what it knows of the execution. */
  trace: ExecutionLog | ExecutionTrace | undefined;
  /** Events that came before that, in order; absent once they are folded. */
  waiting: EventBuffer | undefined;
  /** Number of the event that opened it. */
  readonly openedAt: number;
  /** Number of the latest event. */
  lastUsed: number;
  /** An event is being folded into it. */
  inUse: boolean;
  /** Has changes that no round of writing has begun with. */
  dirty: boolean;
  writing: boolean;
  /** Its execution was removed from the store: nothing more of it is recorded. */
  gone: boolean;
}
