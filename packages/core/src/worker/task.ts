import type { JsonValue } from '../message/json.js';

/**
 * One attempt of one task, as an orchestrator hands it to a worker. This is the wire contract
 * between processes: plain JSON, so a worker needs core and a queue and nothing else.
 */
export interface TaskRequest {
  readonly executionId: string;
  /** Stage id in the definition; the first half of a map-reduce is `<id>#map`. */
  readonly stage: string;
  /** Position of the task in its stage, from 0. */
  readonly index: number;
  /** Try number by the retry policy, from 1. */
  readonly attempt: number;
  /** Fencing token: rises with every hand-out of this task. A result with an older one is refused. */
  readonly token: number;
  readonly actor: string;
  readonly input: JsonValue;
  /** The same for every attempt of a task: give it to outside calls to make their effect happen once. */
  readonly idempotencyKey: string;
  /** Milliseconds one attempt may take, 1 or more; absent: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Where tasks wait for a place, those with more go first. @default 0 */
  readonly priority?: number | undefined;
  /** W3C trace context and user headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An error as data: what crosses processes and is stored. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  /** `false`: the retry policy must not try again. */
  readonly retryable?: boolean | undefined;
  readonly cause?: ErrorRecord | undefined;
}

/** What a model was asked, and what it cost and decided. Numbers that are none of these are not counted. */
export interface ModelDecision {
  /** Such as `gpt-5-mini`. */
  readonly model: string;
  /** Whole numbers, 0 or more. */
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  /** Money, 0 or more, in `currency`. */
  readonly cost?: number | undefined;
  /** ISO 4217 code. @default USD */
  readonly currency?: string | undefined;
  /** 0 to 1. */
  readonly confidence?: number | undefined;
  /** What came out, in a word or two, such as `approve`. */
  readonly outcome?: string | undefined;
  /** Why, in the model's words. */
  readonly reasoning?: string | undefined;
}

interface Decided {
  /** In the order in which they were recorded; at most 64 KiB of JSON each. */
  readonly decisions?: readonly ModelDecision[] | undefined;
}

/** What came of one attempt. `output` is JSON text: it is validated, sized and copied exactly once. */
export type TaskOutcome =
  | (Decided & { readonly kind: 'completed'; readonly output: string })
  | (Decided & { readonly kind: 'failed'; readonly error: ErrorRecord })
  /** The attempt was told to stop (cancel or shutdown) and its result must not count. */
  | { readonly kind: 'aborted' };

/** The end of one attempt, as the worker tells the orchestrator. */
export interface TaskReport {
  readonly executionId: string;
  readonly stage: string;
  readonly index: number;
  readonly token: number;
  readonly attempt: number;
  readonly outcome: TaskOutcome;
  /** How long its handler had it, without the time in queues; milliseconds. */
  readonly durationMs?: number | undefined;
  /** Name of the worker. */
  readonly worker?: string | undefined;
}

/** Reports that go together to one orchestrator's queue. */
export interface TaskReports {
  readonly reports: readonly TaskReport[];
}

/** What the handler of an attempt says of its progress, to the same place as its {@link TaskReport}. May be lost. */
export interface TaskProgress {
  readonly executionId: string;
  readonly stage: string;
  readonly index: number;
  readonly token: number;
  readonly progress: JsonValue;
}
