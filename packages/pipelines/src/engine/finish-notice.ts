import type { ErrorRecord, ExecutionStatus, JsonValue, OutboxContent, OutboxEntry } from '@certoai/loom-core';
import type { Json } from './json.js';
import type { ExecutionState, Notify } from './state.js';

/** Body of the message that tells of it: one for each execution that was started with `notify`. */
export interface ExecutionFinished {
  readonly kind: 'execution-finished';
  readonly executionId: string;
  /** Of its definition. */
  readonly name?: string | undefined;
  readonly status: Exclude<ExecutionStatus, 'running' | 'paused'>;
  /** When it completed. */
  readonly output?: JsonValue | undefined;
  /** When it ended in any other way. */
  readonly error?: ErrorRecord | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly finishedAt: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface Finished {
  readonly executionId: string;
  readonly name: string | undefined;
  readonly tags: readonly string[] | undefined;
  /** Its last one. */
  readonly state: ExecutionState;
  readonly output: Json | undefined;
}

/** The message, as its outbox stores it. However often it is sent, its queue knows it by the execution. */
export function finishNotice(
  { queue, key, headers }: Notify,
  { executionId, name, tags, state, output }: Finished,
): OutboxEntry {
  const { status, failure, finishedAt = state.startedAt } = state;
  const body: ExecutionFinished = {
    kind: 'execution-finished',
    executionId,
    name,
    status: status as ExecutionFinished['status'],
    output: status === 'completed' ? (output?.value ?? null) : undefined,
    error: failure?.error,
    tags: tags?.length ? tags : undefined,
    finishedAt,
    headers,
  };
  const content = {
    queue,
    dedupeId: `execution-finished.${executionId}`,
    body: body as unknown as JsonValue,
  };
  return { key, content: JSON.stringify(content satisfies OutboxContent) };
}
