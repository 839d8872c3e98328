import { wholeNumber } from '../internal/numeric-option.js';
import { Deadline } from '../lifecycle/deadlines.js';
import type { ActorInstance } from './actor-definition.js';
import type { Cell } from './cell.js';
import type { CellExtras } from './cell-extras.js';
import { Notice } from './letter.js';

type Purpose = 'receiveTimeout' | 'passivation';

/** Expires when its actor has had no message for a while. */
export class IdleDeadline extends Deadline {
  readonly #cell: Cell;
  readonly #purpose: Purpose;
  readonly ms: number;

  constructor(cell: Cell, purpose: Purpose, ms: number) {
    super();
    this.#cell = cell;
    this.#purpose = purpose;
    this.ms = ms;
  }

  expire(): void {
    const cell = this.#cell;
    // Set again after the message it is at; or, when it has none, after the hook.
    if (cell.flags !== 0 || cell.count > 0) cell.system.idle.add(this, this.ms);
    else if (this.#purpose === 'passivation') cell.system.passivate(cell);
    else cell.enqueue(new IdleNotice(undefined));
  }
}

class IdleNotice extends Notice {
  override deliver(cell: Cell): unknown {
    if (!cell.extras?.receiveTimeout) return undefined;
    return (cell.instance as ActorInstance).onReceiveTimeout?.(cell.context);
  }
}

export function setReceiveTimeout(cell: Cell, timeoutMs: number | undefined): void {
  const ms = wholeNumber('timeoutMs', timeoutMs, undefined, 1);
  const { extra } = cell;
  cell.system.idle.remove(extra.receiveTimeout);
  extra.receiveTimeout = undefined;
  if (ms !== undefined) armIdle(cell, 'receiveTimeout', ms);
}

export function armIdle(cell: Cell, purpose: Purpose, ms: number): void {
  const deadline = new IdleDeadline(cell, purpose, ms);
  cell.extra[purpose] = deadline;
  cell.system.idle.add(deadline, ms);
}

/** After a message: both start from zero. */
export function restartIdle(cell: Cell, { receiveTimeout, passivation }: CellExtras): void {
  const { idle } = cell.system;
  for (const deadline of [receiveTimeout, passivation]) {
    if (!deadline) continue;
    idle.remove(deadline);
    idle.add(deadline, deadline.ms);
  }
}

export function disarmIdle(cell: Cell, extras: CellExtras): void {
  const { idle } = cell.system;
  idle.remove(extras.receiveTimeout);
  idle.remove(extras.passivation);
  extras.receiveTimeout = extras.passivation = undefined;
}
