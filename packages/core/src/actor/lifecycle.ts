import { oneOf } from '../internal/one-of.js';
import { isThenable } from '../internal/thenable.js';
import type { ActorInstance } from './actor-definition.js';
import type { Cell } from './cell.js';
import * as is from './cell-state.js';
import { armIdle, disarmIdle } from './idle.js';
import { Letter } from './letter.js';
import { unstashAll } from './stash.js';
import { stopError } from './stop-error.js';
import { directives, mayRestart, restartDelay } from './supervision.js';
import type { Verdict } from './supervision.js';
import { announceTermination } from './watch.js';

const done = Promise.resolve();

/** Creates the instance and lets it prepare; messages wait until it has. Costs no promise when nothing waits. */
export function start(cell: Cell): void {
  let pending: PromiseLike<unknown>;
  try {
    const made = cell.spec.definition.create();
    if (isThenable(made)) {
      pending = made.then((instance) => enter(cell, instance));
    } else {
      const started = enter(cell, made);
      if (!isThenable(started)) return ready(cell);
      pending = started;
    }
  } catch (error) {
    return failedToStart(cell, error);
  }
  void whileSuspended(cell, async () => {
    try {
      await pending;
    } catch (error) {
      return failedToStart(cell, error);
    }
    ready(cell);
  });
}

function enter(cell: Cell, instance: ActorInstance): unknown {
  // The worker closed while a factory was at work.
  if (is.any(cell, is.stopped)) return undefined;
  cell.instance = instance;
  instance.context = cell.context;
  return instance.onStart?.(cell.context);
}

function failedToStart(cell: Cell, error: unknown): void {
  if (is.any(cell, is.stopping)) return void end(cell);
  cell.flags = (cell.flags & ~is.suspended) | is.hollow;
  fail(cell, error);
}

function ready(cell: Cell): void {
  if (is.any(cell, is.stopped)) return;
  cell.current = undefined;
  cell.flags &= ~(is.suspended | is.hollow);
  const { passivateAfterMs } = cell.spec;
  if (passivateAfterMs < Infinity && cell.name !== undefined) armIdle(cell, 'passivation', passivateAfterMs);
  proceed(cell);
}

function proceed(cell: Cell): void {
  if (cell.flags !== 0) atBoundary(cell);
  else if (cell.count > 0) cell.schedule();
}

/** At rest between two messages, with something to do first. */
export function atBoundary(cell: Cell): void {
  if (is.any(cell, is.suspended)) return;
  if (is.any(cell, is.stopping)) return void end(cell);
  if (is.any(cell, is.judged)) {
    cell.flags &= ~is.judged;
    const { verdict } = cell.extra;
    cell.extra.verdict = undefined;
    if (verdict) execute(cell, verdict);
  } else if (is.any(cell, is.draining) && cell.count === 0) {
    void requestStop(cell);
  } else if (cell.count > 0 && !is.any(cell, is.scheduled)) {
    cell.schedule();
  }
}

/** Its handler threw, or one of its hooks, or a child that escalates. */
export function fail(cell: Cell, error: unknown): void {
  if (is.any(cell, is.stopping | is.stopped | is.dormant)) return;
  const { supervision } = cell.spec;
  const verdict = { directive: decide(cell, error), error };
  const { directive } = verdict;
  cell.system.logger.warn('Actor failed', { actor: cell.path, directive, error });
  if (supervision.allForOne && (directive === 'restart' || directive === 'stop')) {
    for (const sibling of cell.siblings.all()) {
      // One that is between two instances has nothing left to restart.
      const fresh = is.any(sibling, is.suspended) && directive === 'restart';
      if (sibling !== cell && !fresh) judge(sibling, verdict);
    }
  }
  judge(cell, verdict);
}

function decide(cell: Cell, error: unknown): Verdict['directive'] {
  try {
    return oneOf('supervision.onFailure', cell.spec.supervision.decide(error), directives);
  } catch (reason) {
    cell.system.logger.error('Supervision failed, so the actor stops', { actor: cell.path, error: reason });
    return 'stop';
  }
}

/** Carries out what was decided: now, or after the message or the start the actor is at. */
export function judge(cell: Cell, verdict: Verdict): void {
  const isBetween = is.any(cell, is.suspended) && !is.any(cell, is.escalated);
  if (isBetween && verdict.directive === 'stop') return giveUp(cell, verdict.error);
  if (!isBetween && !is.any(cell, is.active | is.busy)) return execute(cell, verdict);
  if (cell.extra.verdict?.directive === 'stop') return;
  cell.extra.verdict = verdict;
  cell.flags |= is.judged;
}

function execute(cell: Cell, { directive, error }: Verdict): void {
  if (is.any(cell, is.stopping | is.stopped | is.dormant)) return atBoundary(cell);
  cell.flags &= ~(is.suspended | is.escalated);
  switch (directive) {
    case 'restart':
      return void restart(cell, error);
    case 'renew':
      return void end(cell);
    case 'resume':
      if (is.any(cell, is.hollow)) return void restart(cell, error);
      for (const child of cell.offspring?.all() ?? []) {
        if (is.any(child, is.escalated)) execute(child, { directive, error });
      }
      return proceed(cell);
    case 'escalate': {
      const { parent } = cell.siblings;
      if (!parent) return giveUp(cell, error, 'Actor without a parent escalated, so it stops');
      cell.flags |= is.suspended | is.escalated;
      return fail(parent, error);
    }
    case 'stop':
      return giveUp(cell, error);
  }
}

function giveUp(cell: Cell, error: unknown, message?: string): void {
  if (message) cell.system.logger.error(message, { actor: cell.path, error });
  cell.extra.cause = error;
  void requestStop(cell);
}

async function restart(cell: Cell, error: unknown): Promise<void> {
  const { extra, system, spec } = cell;
  if (!mayRestart(spec.supervision, (extra.restarts ??= []), system.clock.now())) {
    return giveUp(cell, error, 'Actor was restarted too often, so it stops');
  }
  const delayMs = restartDelay(spec.supervision, ++extra.streak, system.random);
  await whileSuspended(cell, async () => {
    reset(cell);
    await hook(cell, 'onRestart', () => cell.instance?.onRestart?.(error, cell.context));
    await stopAll(cell.offspring?.all());
    if (delayMs > 0 && !is.any(cell, is.stopping)) await pause(cell, delayMs);
    if (is.any(cell, is.stopped)) return;
    if (is.any(cell, is.stopping)) return end(cell);
    unstashAll(cell);
    // What was set, or decided, since: this start is all the answer it needs.
    reset(cell);
    cell.flags &= ~is.judged;
    start(cell);
  });
}

/**
 * Ends the actor after the message it is at, or with `drain` after those that wait.
 * @returns a promise that resolves when it has stopped
 */
export function requestStop(cell: Cell, drain = false): Promise<void> {
  if (is.any(cell, is.stopped | is.dormant)) return done;
  const { promise } = (cell.extra.stopped ??= deferred());
  if (is.any(cell, is.stopping)) return promise;
  if (drain) {
    cell.flags |= is.draining;
    if (cell.flags !== is.draining || cell.count > 0) return promise;
  }
  cell.flags |= is.stopping;
  cell.abandonMail('stopped');
  if (cell.current instanceof Letter) cell.current.cancel(stopError(cell));
  if (is.any(cell, is.escalated)) cell.flags &= ~(is.suspended | is.escalated);
  cell.extra.wake?.();
  if (!is.any(cell, is.active | is.busy | is.suspended)) void end(cell);
  return promise;
}

/** Puts the instance away. An actor of a registered type whose mailbox is not empty gets a fresh one. */
export async function end(cell: Cell): Promise<void> {
  await whileSuspended(cell, async () => {
    reset(cell);
    if (cell.offspring?.size) await stopAll(cell.offspring?.all());
    const stopping = hook(cell, 'onStop', () => cell.instance?.onStop?.(cell.context));
    if (stopping) await stopping;
    // Those that the hook spawned.
    if (cell.offspring?.size) await stopAll(cell.offspring?.all());
    if (!is.any(cell, is.stopped)) retire(cell);
  });
}

/** Ends without waiting for anything: for a worker that closes and whose handlers do not return. */
export function kill(cell: Cell): void {
  for (const child of cell.offspring?.all() ?? []) kill(child);
  const { current } = cell;
  if (current instanceof Letter) {
    current.cancel(stopError(cell));
    current.abandon(cell, 'stopped');
  }
  retire(cell);
}

function retire(cell: Cell): void {
  // Its last hook may have set timers.
  reset(cell);
  const { extras, spec } = cell;
  const revives = spec.home?.isOpen === true;
  if (extras?.stash) {
    if (revives && !is.any(cell, is.stopping)) unstashAll(cell);
    else for (const message of extras.stash) cell.abandon(message, 'stopped');
  }
  if (!revives) cell.abandonMail('stopped');
  cell.siblings.remove(cell);
  cell.instance = cell.offspring = cell.extras = undefined;
  // Who sends to it later learns why it is gone.
  if (!revives && extras?.cause !== undefined) cell.extra.cause = extras.cause;
  // It may still stand in the scheduler's line, once.
  cell.flags = (revives ? is.dormant : is.stopped) | (cell.flags & is.scheduled);
  if (extras) {
    announceTermination(cell, extras);
    extras.stopped?.resolve();
  }
  spec.home?.left(cell);
}

function reset(cell: Cell): void {
  const { extras } = cell;
  if (!extras) return;
  extras.behaviours = undefined;
  extras.timers?.cancelAll();
  disarmIdle(cell, extras);
}

/** Runs a step between two messages: no message is handled meanwhile, and the system is not idle. */
async function whileSuspended(cell: Cell, step: () => Promise<void>): Promise<void> {
  const { scheduler } = cell.system;
  cell.flags |= is.suspended;
  scheduler.suspend();
  await step();
  scheduler.settle();
}

/** Ends each after the message it is at; resolves when all have stopped. */
export async function stopAll(cells: readonly Cell[] = []): Promise<void> {
  await Promise.all(cells.map((cell) => requestStop(cell)));
}

/** What a hook throws is logged: the step it belongs to goes on. */
function hook(cell: Cell, name: string, call: () => unknown): PromiseLike<unknown> | undefined {
  const failed = (error: unknown): void =>
    cell.system.logger.warn('Actor hook failed', { actor: cell.path, hook: name, error });
  try {
    const result = call();
    return isThenable(result) ? Promise.resolve(result).catch(failed) : undefined;
  } catch (error) {
    failed(error);
    return undefined;
  }
}

function pause(cell: Cell, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = cell.system.clock.setTimer(delayMs, resolve);
    cell.extra.wake = () => {
      cancel();
      resolve();
    };
  });
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}
