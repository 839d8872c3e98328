import type {
  Clock,
  ExecutionEvent,
  ExecutionStore,
  JsonValue,
  Logger,
  MessageGroup,
  Random,
  TaskOutcome,
  TracedAttempt,
  TaskRequest,
} from '@certoai/loom-core';
import type { PinnedConfig } from '../engine/pinned-config.js';
import type { ActorQuery } from '@certoai/loom-discovery';
import type { Mode } from '../modes/mode.js';
import type { Plan } from '../plan/plan.js';
import type { Ending } from './awaited-end.js';
import type { Pacer } from './pacer.js';
import type { SentTask } from './sent-task.js';
import type { Placement } from './worker-directory.js';

/** What an orchestrator lends to each execution that lives in it. */
export interface ExecutionHost {
  readonly store: ExecutionStore;
  /** What this orchestrator is called as a holder of executions now. */
  holder(): string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly modes: ReadonlyMap<string, Mode>;
  readonly pacer: Pacer;
  readonly maxCrashes: number;
  readonly maxTasks: number;
  /** Whether anybody watches all executions; when not, events are not even made. */
  readonly observed: boolean;
  observe(event: ExecutionEvent): void;
  /** Tells an event to another process. */
  tell(queue: string, event: ExecutionEvent): void;
  /** The `traceparent` of an attempt, when somebody traces. */
  readonly traceparent: ((attempt: TracedAttempt) => string | undefined) | undefined;
  /** What an execution that begins now sees as `config`. @throws as `takeConfig` does */
  takeConfig(plan: Plan, tenant: string | undefined): PinnedConfig | undefined;
  /** Where a task of `actor` runs now. @param isLimited - whether it belongs to a group with limits */
  route(actor: string, isLimited: boolean): Route;
  /** The group that tasks of `actor` with this input belong to, if its registration says so. */
  groupOf(actor: string, input: JsonValue): MessageGroup | undefined;
  /** Where a task runs that not every worker may run; `undefined`: nowhere now. @param key - of the task */
  place(need: ActorQuery, key: string): Placement | undefined;
  /** Whether anybody takes work from a lane. */
  isServed(lane: string): boolean;
  /** Runs one attempt in this process. Never rejects. */
  run(task: TaskRequest, options: RunOptions): TaskOutcome | Promise<TaskOutcome>;
  /** Gives one attempt to a queue; its report comes back to the execution by its id. */
  send(sent: SentTask): void;
  /** Takes it back, wherever it is. */
  withdraw(sent: SentTask): void;
  /** Calls back once an actor can be run here, or when what workers have has changed. */
  whenRunnable(who: string | ActorQuery, callback: () => void): void;
  /** How an execution ended that lives elsewhere, or nowhere at the moment. */
  follow(executionId: string): Promise<Ending>;
  /** The store refused a step of an execution that was let go of since. */
  refused(executionId: string): void;
  /** A step has left a message that is to be sent. */
  outgoing(): void;
  /** The execution needs no more attention from this process. */
  released(executionId: string): void;
}

/** `here`: in this process, at once. `turns`: in this process, when its group lets it. `queue`: wherever a queue brings it. */
export type Route = 'here' | 'turns' | 'queue' | 'nowhere';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: unknown) => void) | undefined;
}
