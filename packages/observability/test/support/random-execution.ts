import type { ErrorRecord, ExecutionEvent, ModelDecision } from '@certoai/loom-core';
import type { Draft } from '../../src/internal/draft.js';
import type { Dice } from './random.js';

type Event<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { readonly type: Type }>;

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
 * here and elsewhere, stages without tasks, failures, cancelled tasks, what models decide, approvals, circuit
 * breakers, compensations, pauses, and any end, or none yet.
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
  // Most executions have nothing of what is rare.
  const isEventful = dice.chance(0.4);
  for (let stage = 0; stage < dice.between(1, 4); stage++) {
    const last = addStage(events, dice, { executionId, stage: `stage-${stage}`, isEventful }, stageBegin);
    end = Math.max(end, last);
    // Now and then the next one runs beside it.
    if (dice.chance(0.7)) stageBegin = last + dice.between(0, 20);
  }
  if (isEventful && dice.chance(0.4)) end = addCompensations(events, dice, executionId, end);
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
  {
    isEventful,
    ...base
  }: { readonly executionId: string; readonly stage: string; readonly isEventful: boolean },
  begin: number,
): number {
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
  if (isEventful && dice.chance(0.3)) addRefusals(events, dice, base, begin);
  for (let index = 0; index < tasks; index++)
    end = Math.max(end, addTask(events, dice, { ...base, index, isEventful }, begin));
  if (isEventful && dice.chance(0.5)) end = Math.max(end, addApproval(events, dice, base, begin));
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
  {
    isEventful,
    index,
    ...base
  }: {
    readonly executionId: string;
    readonly stage: string;
    readonly index: number;
    readonly isEventful: boolean;
  },
  begin: number,
): number {
  const actor = dice.pick(actors);
  let at = begin + dice.between(0, 30);
  let token = 1;
  for (let attempt = 1; ; attempt++, token++) {
    const place = { ...base, index, attempt, actor };
    if (isEventful && dice.chance(0.2))
      events.push({ ...breakerCheck(dice, base, at), passed: true, index, attempt });
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
    if (dice.chance(0.15)) addDecisions(events, dice, { ...place, token, at });
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

function addDecisions(
  events: ExecutionEvent[],
  dice: Dice,
  place: Omit<Event<'task:decided'>, 'type' | 'number' | 'decision'>,
): void {
  // Now and then more than a span keeps.
  const count = dice.chance(0.2) ? dice.between(9, 14) : dice.between(1, 3);
  for (let number = 0; number < count; number++) {
    const decision: Draft<ModelDecision> = { model: dice.pick(['small', 'large', 'x'.repeat(200)]) };
    if (dice.chance(0.8)) decision.inputTokens = dice.pick([0, 17, 2_000, -1, NaN, 1.5]);
    if (dice.chance(0.8)) decision.outputTokens = dice.between(0, 500);
    if (dice.chance(0.8)) decision.cost = dice.pick([0.1, 0.2, 0.000_001_3, 3, -1, Infinity, 2e6]);
    if (dice.chance(0.3)) decision.currency = dice.pick(['EUR', 'usd', 'dollars']);
    if (dice.chance(0.5)) decision.confidence = dice.pick([0, 0.4, 1, 1.1]);
    if (dice.chance(0.5)) decision.outcome = dice.pick(['approve', 'reject']);
    if (dice.chance(0.5)) decision.reasoning = dice.pick(['It adds up.', 'why '.repeat(1_000)]);
    events.push({ ...place, type: 'task:decided', number, decision });
  }
}

function breakerCheck(
  dice: Dice,
  base: { readonly executionId: string; readonly stage: string },
  at: number,
): Event<'breaker:checked'> {
  const breaker = dice.pick(['bank', 'mail']);
  const state = dice.pick(['closed', 'open', 'half-open'] as const);
  return { ...base, type: 'breaker:checked', at, breaker, state, passed: true };
}

/** A stage that is parked for a while. Fewer than it keeps: beyond these, repeated ones cannot be told. */
function addRefusals(
  events: ExecutionEvent[],
  dice: Dice,
  base: { readonly executionId: string; readonly stage: string },
  begin: number,
): void {
  for (let check = 0; check < dice.between(1, 6); check++) {
    const passed = dice.chance(0.2);
    const task = !passed && dice.chance(0.5) ? { index: dice.between(0, 3), attempt: 1 } : {};
    events.push({ ...breakerCheck(dice, base, begin + check), passed, ...task });
  }
}

function addApproval(
  events: ExecutionEvent[],
  dice: Dice,
  base: { readonly executionId: string; readonly stage: string },
  begin: number,
): number {
  const of = dice.chance(0.5) ? { index: dice.between(0, 3), attempt: 1 } : {};
  const place = { ...base, ...of, approval: `approval-${dice.between(0, 9)}` };
  let at = begin + dice.between(0, 20);
  const what = dice.chance(0.5) ? { what: 'Pay 100 EUR' } : {};
  // Its request is missing when another process announced it.
  if (dice.chance(0.9)) events.push({ ...place, ...what, type: 'approval:requested', at });
  for (let level = 0; level < dice.between(0, 2); level++) {
    at += dice.between(1, 50);
    const to = dice.chance(0.7) ? { to: dice.pick(['ann', 'bob']) } : {};
    events.push({ ...place, ...to, type: 'approval:escalated', at });
  }
  at += dice.between(0, 100);
  if (dice.chance(0.2)) return at;
  const outcome = dice.pick(['approved', 'rejected', 'expired', 'cancelled'] as const);
  const by = dice.chance(0.7) ? { by: 'ann', note: 'As agreed.', edited: dice.chance(0.5) } : {};
  events.push({ ...place, ...by, type: 'approval:decided', at, outcome });
  return at;
}

/** Of some stages, when all else is over: attempts that fail, are handed out again, or have no end yet. */
function addCompensations(events: ExecutionEvent[], dice: Dice, executionId: string, end: number): number {
  let at = end;
  for (let undone = dice.between(1, 2); undone > 0; undone--) {
    const place = { executionId, stage: `stage-${undone - 1}`, index: dice.between(0, 1), actor: 'undo' };
    let token = 1;
    for (let attempt = 1; ; attempt++, token++) {
      at += dice.between(0, 10);
      events.push({ ...place, attempt, token, type: 'compensation:started', at });
      if (dice.chance(0.1))
        events.push({ ...place, attempt, token: ++token, type: 'compensation:started', at });
      if (dice.chance(0.1)) break;
      const durationMs = dice.between(0, 20);
      at += durationMs;
      const work = { ...place, attempt, token, at, durationMs };
      if (dice.chance(0.6)) {
        events.push({ ...work, type: 'compensation:completed' });
        break;
      }
      const willRetry = attempt < 3 && dice.chance(0.7);
      const delay = willRetry ? { delayMs: dice.between(0, 9) } : {};
      events.push({ ...work, type: 'compensation:failed', error: randomError(dice), willRetry, ...delay });
      if (!willRetry) break;
    }
  }
  return at;
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
