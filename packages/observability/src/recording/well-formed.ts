import type { ExecutionEvent } from '@certoai/loom-core';

/** Beyond these a task has no place in a trace; no engine gets near them. */
const maxIndex = 2 ** 31 - 1;
const maxAttempt = 2 ** 20;

/** Whether an event is what the port says. A producer written in JavaScript may say anything. */
export function isWellFormed(event: ExecutionEvent): boolean {
  if (!Number.isFinite(event.at)) return false;
  switch (event.type) {
    case 'execution:started':
      return event.name === undefined || typeof event.name === 'string';
    case 'execution:resumed':
    case 'execution:paused':
      return true;
    case 'execution:finished':
      return isFinal(event.status) && (event.error === undefined || isObject(event.error));
    case 'stage:started':
    case 'stage:completed':
      return isText(event.stage) && isCount(event.tasks);
    case 'stage:failed':
      return isText(event.stage) && isObject(event.error);
    case 'stage:skipped':
    case 'stage:cancelled':
      return isText(event.stage);
    case 'task:started':
    case 'task:decided':
    case 'task:progressed':
      return isTask(event);
    case 'task:completed':
    case 'task:cancelled':
      return isTaskEnd(event);
    case 'task:failed':
      return isTaskEnd(event) && isObject(event.error) && isDelay(event.delayMs);
    default:
      return false;
  }
}

function isFinal(status: unknown): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'timed-out';
}

function isTaskEnd(event: Extract<ExecutionEvent, { readonly durationMs: number }>): boolean {
  return (
    isTask(event) &&
    Number.isFinite(event.durationMs) &&
    isDelay(event.queuedMs) &&
    (event.worker === undefined || typeof event.worker === 'string')
  );
}

function isTask({
  stage,
  index,
  attempt,
  token,
  actor,
}: Extract<ExecutionEvent, { readonly actor: string }>): boolean {
  return (
    isText(stage) &&
    Number.isSafeInteger(index) &&
    index >= 0 &&
    index <= maxIndex &&
    Number.isSafeInteger(attempt) &&
    attempt >= 1 &&
    attempt <= maxAttempt &&
    isCount(token) &&
    typeof actor === 'string'
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDelay(value: unknown): boolean {
  return value === undefined || (Number.isFinite(value) && (value as number) >= 0);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
