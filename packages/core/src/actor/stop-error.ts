import { LoomError } from '../errors/loom-error.js';
import type { Cell } from './cell.js';
import * as is from './cell-state.js';

export function stopError(cell: Cell): LoomError {
  return new LoomError('LOOM_ACTOR_STOPPED', `Actor "${cell.path}" was stopped.`, { actor: cell.path });
}

/** A handler that outlived its actor may begin nothing that nobody would end. @throws LoomError `LOOM_ACTOR_STOPPED` */
export function checkAlive(cell: Cell): void {
  if (is.any(cell, is.stopped | is.dormant)) throw stopError(cell);
}
