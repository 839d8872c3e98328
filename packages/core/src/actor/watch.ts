import { LoomError } from '../errors/loom-error.js';
import type { ActorInstance } from './actor-definition.js';
import type { ActorRef } from './actor-ref.js';
import type { Cell } from './cell.js';
import type { CellExtras } from './cell-extras.js';
import * as is from './cell-state.js';
import { Notice } from './letter.js';

/** Tells a watcher, in the order of its other messages, that an actor has stopped. */
class Terminated extends Notice {
  readonly #target: Cell;

  constructor(target: Cell) {
    super(undefined);
    this.#target = target;
  }
  override deliver(cell: Cell): unknown {
    // Not when the actor has stopped to watch in the meantime.
    if (!cell.extras?.watching?.delete(this.#target)) return undefined;
    return (cell.instance as ActorInstance).onTerminated?.(this.#target.self, cell.context);
  }
}

export function watch(cell: Cell, ref: ActorRef): void {
  const target = cellOf(ref);
  if (target === cell) return;
  (cell.extra.watching ??= new Set()).add(target);
  if (is.any(target, is.stopped | is.dormant)) cell.enqueue(new Terminated(target));
  else (target.extra.watchers ??= new Set()).add(cell);
}

export function unwatch(cell: Cell, ref: ActorRef): void {
  const target = cellOf(ref);
  cell.extras?.watching?.delete(target);
  target.extras?.watchers?.delete(cell);
}

/** `cell` has stopped: its watchers hear of it, and it watches no longer. */
export function announceTermination(cell: Cell, { watchers, watching }: CellExtras): void {
  for (const target of watching ?? []) target.extras?.watchers?.delete(cell);
  for (const watcher of watchers ?? []) watcher.enqueue(new Terminated(cell));
}

function cellOf(ref: ActorRef): Cell {
  const { cell } = ref as { readonly cell?: Cell };
  if (cell) return cell.spec.home?.present(cell) ?? cell;
  const message = `Actor "${ref.path}" runs in another process, so it cannot be watched. Ask it, with a timeout.`;
  throw new LoomError('LOOM_UNSUPPORTED', message, { actor: ref.path });
}
