import { LoomError } from '../errors/loom-error.js';
import { Fifo } from '../internal/fifo.js';
import type { Cell } from './cell.js';

/** Sets the current message aside: it is neither answered nor lost. */
export function stash(cell: Cell): void {
  const { current, path } = cell;
  if (current === undefined) return;
  const stashed = (cell.extra.stash ??= new Fifo());
  const { stashCapacity } = cell.spec;
  if (stashed.size >= stashCapacity) {
    const message = `The stash of actor "${path}" is full (${stashCapacity}). Unstash earlier, or raise mailbox.stashCapacity.`;
    throw new LoomError('LOOM_MAILBOX_FULL', message, { actor: path, stashCapacity });
  }
  stashed.push(current);
  // No longer current: its handler's result answers nobody.
  cell.current = undefined;
}

/** Puts what was set aside before everything that waits, in its old order. */
export function unstashAll(cell: Cell): void {
  const stashed = cell.extras?.stash;
  if (!stashed) return;
  cell.extra.stash = undefined;
  for (const message of [...stashed].reverse()) cell.putBack(message);
}
