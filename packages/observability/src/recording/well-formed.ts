import type { ExecutionEvent } from '@certoai/loom-core';
import { numbersPerHandOut } from './attempt-extras.js';

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
    case 'task:progressed':
    case 'compensation:started':
      return isTask(event);
    case 'task:decided':
      return isTask(event) && isObject(event.decision) && isNumber(event.number, event.token);
    case 'task:completed':
    case 'task:cancelled':
    case 'compensation:completed':
      return isTaskEnd(event);
    case 'task:failed':
    case 'compensation:failed':
      return isTaskEnd(event) && isObject(event.error) && isDelay(event.delayMs);
    case 'approval:requested':
    case 'approval:escalated':
      return isApproval(event);
    case 'approval:decided':
      return isApproval(event) && approvalOutcomes.includes(event.outcome);
    case 'breaker:checked':
      return isText(event.stage) && isBreakerCheck(event) && isAttemptOrNone(event);
    default:
      return false;
  }
}

function isFinal(status: unknown): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'timed-out';
}

const approvalOutcomes: readonly unknown[] = ['approved', 'rejected', 'expired', 'cancelled'];
const breakerStates: readonly unknown[] = ['closed', 'open', 'half-open'];
/** An id is kept whole. */
const maxIdLength = 256;

function isApproval(event: Extract<ExecutionEvent, { readonly approval: string }>): boolean {
  const { stage, approval } = event;
  return isText(stage) && isText(approval) && approval.length <= maxIdLength && isAttemptOrNone(event);
}

function isBreakerCheck({
  breaker,
  state,
  passed,
}: Extract<ExecutionEvent, { readonly breaker: string }>): boolean {
  return isText(breaker) && breakerStates.includes(state) && typeof passed === 'boolean';
}

function isAttemptOrNone({
  index,
  attempt,
}: Extract<ExecutionEvent, { readonly approval: string } | { readonly breaker: string }>): boolean {
  return index === undefined ? attempt === undefined : isIndex(index) && isAttempt(attempt);
}

/** Of a decision: together they have to be a whole number, too. */
function isNumber(number: unknown, token: number): boolean {
  const isOne = isCount(number) && (number as number) < numbersPerHandOut;
  return isOne && Number.isSafeInteger((token + 1) * numbersPerHandOut);
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
  return isText(stage) && isIndex(index) && isAttempt(attempt) && isCount(token) && typeof actor === 'string';
}

function isIndex(index: unknown): boolean {
  return isCount(index) && (index as number) <= maxIndex;
}

function isAttempt(attempt: unknown): boolean {
  return isCount(attempt) && (attempt as number) >= 1 && (attempt as number) <= maxAttempt;
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
