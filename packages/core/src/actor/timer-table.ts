import { wholeNumber } from '../internal/numeric-option.js';
import type { Cell } from './cell.js';
import * as is from './cell-state.js';
import { Notice } from './letter.js';
import { checkAlive } from './stop-error.js';
import type { ActorTimers } from './timers.js';

const ending = is.draining | is.stopping;

class TimerLetter extends Notice {
  readonly #timer: Timer;

  constructor(message: unknown, timer: Timer) {
    super(message);
    this.#timer = timer;
  }
  override deliver(cell: Cell): unknown {
    return this.#timer.handled() ? cell.receive(this.body) : undefined;
  }
}

/** The named timers of one actor. */
export class TimerTable implements ActorTimers {
  readonly #cell: Cell;
  readonly #timers = new Map<string, Timer>();

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  once(name: string, delayMs: number, message: unknown): void {
    this.#set(name, wholeNumber('delayMs', delayMs, 0, 0), message, false);
  }
  every(name: string, intervalMs: number, message: unknown): void {
    this.#set(name, wholeNumber('intervalMs', intervalMs, 0, 1), message, true);
  }
  cancel(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }
  has(name: string): boolean {
    return this.#timers.has(name);
  }
  cancelAll(): void {
    for (const name of [...this.#timers.keys()]) this.cancel(name);
  }

  #set(name: string, ms: number, message: unknown, periodic: boolean): void {
    const cell = this.#cell;
    checkAlive(cell);
    this.cancel(name);
    let cancel: () => void;
    let live = true;
    let waiting = false;
    const timer: Timer = {
      cancel() {
        live = false;
        cancel();
      },
      handled: () => {
        waiting = false;
        if (live && !periodic) this.#timers.delete(name);
        return live;
      },
    };
    const arm = (): void => {
      cancel = cell.system.clock.setTimer(ms, () => {
        if (periodic) arm();
        // A slow actor gets one tick, not all that it missed; one that ends gets none.
        if (waiting || is.any(cell, ending)) return;
        waiting = true;
        cell.enqueue(new TimerLetter(message, timer));
      });
    };
    arm();
    this.#timers.set(name, timer);
  }
}

interface Timer {
  cancel(): void;
  /** Its message is about to be handled; whether it still counts. */
  handled(): boolean;
}
