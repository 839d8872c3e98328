import type { ErrorRecord, ExecutionEvent } from '@certoai/loom-core';
import type { Dice } from './random.js';

export interface RandomExecutionOptions {
  readonly executionId: string;
  /** When it starts. @default somewhere in a day */
  readonly startAt?: number | undefined;
}

const codes = ['E_TIMEOUT', 'E_PARSE', 'LOOM_TIMEOUT', undefined];
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const actors = ['ocr', 'splitter', 'mailer', 'pricer'];

/**
 * The events of one execution as an engine might announce them: stages side by side and one after the
 * other, retries, hand-outs that are repeated after a crash by a process whose clock is another, workers
 * here and elsewhere, stages without tasks, failures, cancelled tasks, pauses, and any end, or none yet.
 * In the order in which they became true.
 */
export function randomExecution(
  dice: Dice,
  { executionId, startAt }: RandomExecutionOptions,
): ExecutionEvent[] {
  const events: ExecutionEvent[] = [];
  const begin = startAt ?? 1_700_000_000_000 + dice.between(0, 86_400_000);
  const parent = dice.chance(0.3) ? { traceparent } : {};
  if (dice.chance(0.9)) {
    const name = dice.chance(0.8) ? dice.pick(['orders', 'invoices', 'claims']) : undefined;
    events.push({
      type: 'execution:started',
      executionId,
      at: begin,
      ...(name !== undefined && { name }),
      ...parent,
    });
  } else {
    events.push({ type: 'execution:resumed', executionId, at: begin, reason: 'recovered', ...parent });
  }
  let end = begin;
  let stageBegin = begin;
  for (let stage = 0; stage < dice.between(1, 4); stage++) {
    const last = addStage(events, dice, executionId, `stage-${stage}`, stageBegin);
    end = Math.max(end, last);
    // Now and then the next one runs beside it.
    if (dice.chance(0.7)) stageBegin = last + dice.between(0, 20);
  }
  if (dice.chance(0.2)) {
    const pausedAt = dice.between(begin, end);
    events.push({ type: 'execution:paused', executionId, at: pausedAt });
    if (dice.chance(0.7)) {
      events.push({
        type: 'execution:resumed',
        executionId,
        at: pausedAt + dice.between(1, 50),
        reason: 'resumed',
      });
    }
  }
  if (dice.chance(0.85)) {
    const status = dice.pick(['completed', 'completed', 'failed', 'cancelled', 'timed-out'] as const);
    const error = status === 'completed' ? undefined : randomError(dice);
    events.push({
      type: 'execution:finished',
      executionId,
      at: end + 60,
      status,
      ...(error !== undefined && { error }),
    });
  }
  return events
    .map((event, place) => ({ event, place }))
    .sort(byTime)
    .map(({ event }) => event);
}

function addStage(
  events: ExecutionEvent[],
  dice: Dice,
  executionId: string,
  stage: string,
  begin: number,
): number {
  const base = { executionId, stage };
  if (dice.chance(0.1)) {
    events.push({ ...base, type: 'stage:skipped', at: begin });
    return begin;
  }
  const tasks = dice.between(0, 4);
  if (tasks === 0) {
    events.push({ ...base, type: 'stage:completed', at: begin, tasks, failed: 0 });
    return begin;
  }
  // Its start is missing when another process announced it.
  if (dice.chance(0.9)) events.push({ ...base, type: 'stage:started', at: begin, tasks });
  let end = begin;
  for (let index = 0; index < tasks; index++) end = Math.max(end, addTask(events, dice, base, index, begin));
  if (dice.chance(0.15)) return end;
  const at = dice.chance(0.15) ? dice.between(begin, end) : end + dice.between(0, 3);
  if (dice.chance(0.2)) events.push({ ...base, type: 'stage:failed', at, error: randomError(dice) });
  else if (dice.chance(0.1)) events.push({ ...base, type: 'stage:cancelled', at });
  else events.push({ ...base, type: 'stage:completed', at, tasks, failed: 0 });
  return Math.max(end, at);
}

function addTask(
  events: ExecutionEvent[],
  dice: Dice,
  base: { readonly executionId: string; readonly stage: string },
  index: number,
  begin: number,
): number {
  const actor = dice.pick(actors);
  let at = begin + dice.between(0, 30);
  let token = 1;
  for (let attempt = 1; ; attempt++, token++) {
    const place = { ...base, index, attempt, actor };
    events.push({ ...place, token, type: 'task:started', at });
    if (dice.chance(0.1)) {
      // Its process died; the same attempt is handed out again, by a clock that may be behind.
      token += 1;
      at += dice.between(-10, 40);
      events.push({ ...place, token, type: 'task:started', at });
    }
    if (dice.chance(0.05)) return at;
    const durationMs = dice.between(0, 100);
    const queuedMs = dice.between(0, 30);
    const elsewhere = dice.chance(0.3) ? { worker: dice.pick(['w-1', 'w-2']), queuedMs } : {};
    const task = { ...place, token, ...elsewhere };
    at += durationMs + (elsewhere.queuedMs ?? 0);
    if (dice.chance(0.05)) {
      events.push({ ...task, type: 'task:cancelled', at, durationMs });
      return at;
    }
    const completed = dice.chance(0.7);
    const willRetry = attempt < 3 && dice.chance(0.8);
    const delayMs = dice.between(0, 50);
    if (completed) {
      events.push({ ...task, type: 'task:completed', at, durationMs });
    } else {
      const delay = willRetry ? { delayMs } : {};
      events.push({
        ...task,
        type: 'task:failed',
        at,
        error: randomError(dice),
        durationMs,
        willRetry,
        ...delay,
      });
    }
    if (dice.chance(0.1)) {
      // The report is lost with its process, and the same attempt is handed out again.
      at += dice.between(-10, 60);
      attempt -= 1;
    } else if (completed || !willRetry) {
      return at;
    } else {
      at += delayMs + dice.between(-1, 5);
    }
  }
}

export function randomError(dice: Dice): ErrorRecord {
  const code = dice.pick(codes);
  const message = `Page ${dice.between(1, 9)} of "${dice.pick(['a', 'b'])}.pdf" ${dice.pick(['is empty', 'cannot be read'])}.`;
  return { name: dice.pick(['Error', 'TypeError']), message, ...(code !== undefined && { code }) };
}

function byTime(
  left: { readonly event: ExecutionEvent; readonly place: number },
  right: { readonly event: ExecutionEvent; readonly place: number },
): number {
  return left.event.at - right.event.at || left.place - right.place;
}
