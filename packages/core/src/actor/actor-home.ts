import { LoomError } from '../errors/loom-error.js';
import { invalidOption } from '../internal/invalid-option.js';
import type { ActorRegistration } from '../registry/actor-registry.js';
import { ActorCell } from './actor-cell.js';
import type { ActorSpec } from './actor-spec.js';
import { resolveSpec } from './actor-spec.js';
import type { ActorSystem } from './actor-system.js';
import type { Cell } from './cell.js';
import * as is from './cell-state.js';
import { judge, kill, start, stopAll } from './lifecycle.js';
import type { LocalRef } from './local-ref.js';
import { Siblings } from './siblings.js';

/**
 * The actors of one registered type: one without a key, and one for each key in use. They always exist
 * for those who send: an instance is made for the first message and, once it has gone, for the next.
 */
export class ActorHome {
  readonly type: string;
  isOpen = true;
  readonly #system: ActorSystem;
  readonly #siblings: Siblings;
  readonly #live = new Map<string | undefined, Cell>();
  #spec: ActorSpec;

  constructor(registration: ActorRegistration, system: ActorSystem) {
    this.type = registration.type;
    this.#system = system;
    this.#siblings = new Siblings(undefined, registration.type);
    this.#spec = resolveSpec(registration.definition, registration.options, this);
  }

  actorOf(key: string | undefined): LocalRef {
    const live = this.#live.get(key);
    if (live) return live.self;
    if (key !== undefined) this.#checkKey(key);
    const cell = new ActorCell(this.#system, this.#spec, this.#siblings, key);
    cell.flags = is.dormant;
    return cell.self;
  }

  /** A message for a cell without an instance: another cell may have taken its key since. */
  wake(cell: Cell, message: unknown): void {
    const live = this.present(cell);
    if (live !== cell) {
      cell.self.cell = live;
      return live.post(message);
    }
    if (!this.isOpen) return cell.abandon(message, 'stopped');
    // First the message: an actor that fails to start leaves it, and is not woken by it again.
    cell.enqueue(message);
    this.#revive(cell);
  }

  /** The cell that has the key of `cell` now. */
  present(cell: Cell): Cell {
    return this.#live.get(cell.name) ?? cell;
  }

  /** `cell` has put its instance away. */
  left(cell: Cell): void {
    if (this.#live.get(cell.name) === cell) this.#live.delete(cell.name);
    if (cell.count > 0) this.#revive(cell);
  }

  /** From the next message of each actor on, with a fresh instance. */
  replace(registration: ActorRegistration): void {
    this.#spec = resolveSpec(registration.definition, registration.options, this);
    for (const cell of [...this.#live.values()]) {
      cell.spec = this.#spec;
      judge(cell, { directive: 'renew', error: undefined });
    }
  }

  /** The type is gone, or its worker. What waits becomes dead letters. */
  async close(): Promise<void> {
    this.isOpen = false;
    await stopAll([...this.#live.values()]);
  }

  kill(): void {
    for (const cell of [...this.#live.values()]) kill(cell);
  }

  #revive(cell: Cell): void {
    cell.spec = this.#spec;
    cell.flags = is.suspended | (cell.flags & is.scheduled);
    this.#live.set(cell.name, cell);
    this.#siblings.add(cell);
    start(cell);
  }

  #checkKey(key: string): void {
    const { type } = this;
    if (typeof key !== 'string' || key === '') {
      throw invalidOption(`The key of an actor "${type}" must be a text of 1 or more characters.`, {
        actor: type,
      });
    }
    if (this.#spec.definition.kind !== 'instance') return;
    const message = `Actor type "${type}" is one instance, so it has no actor for a key. Register its class or a factory.`;
    throw new LoomError('LOOM_UNSUPPORTED', message, { actor: type });
  }
}
