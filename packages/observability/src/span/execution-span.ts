import type { ErrorRecord, ExecutionEvent, ExecutionStatus, ModelDecision } from '@certoai/loom-core';
import type { Usage } from '../summary/model-usage.js';

/** What an event said beside its fixed fields, such as model, tokens and cost. Never a payload. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

interface SpanFields {
  readonly executionId: string;
  /** W3C trace id, 32 hex digits: that of the `traceparent` the execution was started under, or its own. */
  readonly traceId: string;
  /** 16 hex digits, the same in every process for the same execution, stage, index and attempt. */
  readonly spanId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds since the epoch; absent while it runs. */
  readonly endedAt?: number | undefined;
  /** Milliseconds from `startedAt` to `endedAt`. */
  readonly durationMs?: number | undefined;
  readonly error?: ErrorRecord | undefined;
  readonly attributes?: SpanAttributes | undefined;
  /** Its start was recorded elsewhere, or lost: `startedAt` is the earliest time that was seen of it. */
  readonly startMissing?: true | undefined;
}

/** The whole execution: the root of its trace. */
export interface RootSpan extends SpanFields {
  readonly kind: 'execution';
  /** The span outside of Loom that it was started under, by a W3C `traceparent`. */
  readonly parentSpanId?: string | undefined;
  readonly status: ExecutionStatus;
  /** Name of the pipeline. */
  readonly name?: string | undefined;
  readonly tags: readonly string[];
  /** The latest of each; milliseconds since the epoch. */
  readonly pausedAt?: number | undefined;
  readonly resumedAt?: number | undefined;
  /** When a process last picked the execution up after the death of another. */
  readonly recoveredAt?: number | undefined;
  /** Events or spans of this execution were lost; `loss()` of the recorder says how many in all. */
  readonly spansMissing?: true | undefined;
}

/** One stage, below the root. */
export interface StageSpan extends SpanFields {
  readonly kind: 'stage';
  readonly parentSpanId: string;
  readonly status: StageSpanStatus;
  readonly stage: string;
  /** Place in the order in which the stages of this execution were first seen, from 0. */
  readonly position: number;
  /** How many tasks it has; absent when no event said so. */
  readonly tasks?: number | undefined;
  /** That parked its tasks, or were asked for none of them. */
  readonly breakerChecks?: BreakerChecks | undefined;
}

interface WorkSpan extends SpanFields {
  readonly parentSpanId: string;
  readonly status: AttemptSpanStatus;
  readonly stage: string;
  /** Position of the task in its stage, from 0. */
  readonly index: number;
  /** Try number, from 1. */
  readonly attempt: number;
  /** Fencing token of the hand-out it tells of. One that is handed out again, because its process died, has a later one. */
  readonly token: number;
  readonly actor: string;
  /** Name of the worker, when it ran in another process. */
  readonly worker?: string | undefined;
  /** Of a failed attempt: whether another one follows. */
  readonly willRetry?: boolean | undefined;
  /** Of a failed attempt that is tried again: the backoff after it, milliseconds. */
  readonly retryDelayMs?: number | undefined;
  /** From when it could run until it ran; milliseconds. Of a first attempt since its stage began, of others since their backoff was over. */
  readonly queueWaitMs?: number | undefined;
  /** The last part of that: from its hand-out until a worker began with it; milliseconds. Absent: it began at once. */
  readonly queuedMs?: number | undefined;
  /** Backoff before this attempt; milliseconds. Absent on the first attempt of a task. */
  readonly retryWaitMs?: number | undefined;
  /** Its stage or its execution ended before it reported: it was cancelled, and what became of it is not known. */
  readonly unreported?: true | undefined;
}

/** One attempt of one task, below its stage. From `startedAt` to `endedAt` it ran; its waits are apart. */
export interface AttemptSpan extends WorkSpan {
  readonly kind: 'attempt';
  /** What models decided, in all its hand-outs: the first 8, by `token` and `number`. */
  readonly decisions?: readonly SpanDecision[] | undefined;
  /** What all decisions come to, those included that are not kept. */
  readonly usage?: Usage | undefined;
  /** Which decisions are in `usage`, so that one that is told again is not added: first and last of ranges of `token` * 65536 + `number`. */
  readonly counted?: readonly number[] | undefined;
  /** That let it pass. */
  readonly breakerChecks?: BreakerChecks | undefined;
}

/** One attempt to undo what a stage did, below that stage, which has ended before. */
export interface CompensationSpan extends WorkSpan {
  readonly kind: 'compensation';
}

/** One approval, below its stage or the attempt that waits for it. Its time is that which humans took. */
export interface ApprovalSpan extends SpanFields {
  readonly kind: 'approval';
  readonly parentSpanId: string;
  /** `cancelled` and `unreported`: its stage or its execution ended first. */
  readonly status: 'open' | ApprovalDecision['outcome'];
  readonly stage: string;
  /** Unique in its execution. */
  readonly approval: string;
  /** Of the attempt that waits for it. */
  readonly index?: number | undefined;
  readonly attempt?: number | undefined;
  readonly what?: string | undefined;
  readonly by?: string | undefined;
  readonly note?: string | undefined;
  /** Approved with changes. */
  readonly edited?: boolean | undefined;
  /** The first 8. */
  readonly escalations?: readonly Escalation[] | undefined;
  /** How many in all. */
  readonly escalated?: number | undefined;
  readonly unreported?: true | undefined;
}

/** What a model decided in the attempt of a span: cut to size, and without what is masked or no number. */
export interface SpanDecision extends ModelDecision {
  /** Of its hand-out. */
  readonly token: number;
  /** Place among those of its hand-out, from 0. */
  readonly number: number;
}

/** What circuit breakers said. */
export interface BreakerChecks {
  readonly passed: number;
  readonly refused: number;
  /** The first 8. */
  readonly checks: readonly BreakerCheck[];
}

type Event<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { readonly type: Type }>;

export type BreakerCheck = Pick<Event<'breaker:checked'>, 'at' | 'breaker' | 'state' | 'passed'>;

export type ApprovalDecision = Pick<Event<'approval:decided'>, 'at' | 'outcome' | 'by' | 'note' | 'edited'>;

/** Nobody had decided: it was asked of `to`. */
export type Escalation = Pick<Event<'approval:escalated'>, 'at' | 'to'>;

export type StageSpanStatus = 'running' | 'completed' | 'failed' | 'cancelled' | 'skipped';

/** `cancelled`: its stage or execution ended first. */
export type AttemptSpanStatus = 'running' | 'completed' | 'failed' | 'cancelled';

/** One piece of an execution's trace: what ran, when, and how it ended. Branch on `kind`. */
export type ExecutionSpan = RootSpan | StageSpan | AttemptSpan | ApprovalSpan | CompensationSpan;
