import { resolveActor } from '../actor/actor-definition.js';
import type { ActorDefinition } from '../actor/actor-definition.js';
import { resolveSpec } from '../actor/actor-spec.js';
import type { ActorSource } from '../actor/actor-source.js';
import type { ActorOptions } from '../actor/spawn-options.js';
import { invalidOption } from '../internal/invalid-option.js';
import { Listeners } from '../internal/listeners.js';
import { wholeNumber } from '../internal/numeric-option.js';
import type { JsonValue } from '../message/json.js';

export interface RegisterOptions extends ActorOptions {
  /** Tasks of this type at the same time in one worker; 1 to 10_000. @default the worker's `concurrency` */
  readonly concurrency?: number | undefined;
  /** Shared by the tasks of this type that have one key, over all workers. @default none */
  readonly limit?: ActorLimit | undefined;
  /**
   * Whatever a catalogue should know of the type. Workers make its `version` (semantic), `capabilities` and
   * `tags` (lists of words) known to others. @default version 0.0.0
   */
  readonly metadata?: object | undefined;
  /** A keyed actor without messages for this long is put away until its next one; milliseconds, 1 or more. @default never */
  readonly passivateAfterMs?: number | undefined;
}

/** Limits for the tasks of one actor type that have one key. Keys take turns. See `MessageGroup`. */
export interface ActorLimit {
  /** What tells tasks apart; what is no text counts by its JSON. Pure. @default one key for the type */
  readonly key?: ((input: JsonValue) => unknown) | undefined;
  /** Tasks of a key at the same time; 1 or more. @default no limit */
  readonly concurrency?: number | undefined;
  /** Tasks of a key that begin in any window of `perMs` milliseconds; both 1 or more. @default no limit */
  readonly rate?: { readonly limit: number; readonly perMs: number } | undefined;
}

export interface ActorRegistration {
  readonly type: string;
  readonly actor: ActorSource;
  readonly options: RegisterOptions;
  /** The source made uniform: how to create, or to call, a handler. */
  readonly definition: ActorDefinition;
}

export interface RegistryChange {
  readonly kind: 'registered' | 'replaced' | 'unregistered';
  readonly registration: ActorRegistration;
}

/** Which actor types there are and what stands behind each. In memory; several workers may share one. */
export class ActorRegistry {
  readonly #registrations = new Map<string, ActorRegistration>();
  readonly #changes = new Listeners<RegistryChange>();

  /**
   * @param type - 1 to 128 letters, digits, `.`, `_` or `-`: it becomes part of a queue's name
   * @returns whether an earlier registration of `type` was replaced
   * @throws TypeError when `actor` is nothing that can handle a message
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  register(type: string, actor: ActorSource, options: RegisterOptions = {}): { readonly replaced: boolean } {
    if (!isActorType(type)) {
      const message = `Actor type ${JSON.stringify(type)} cannot be part of a queue's name; give 1 to 128 letters, digits, ".", "_" or "-".`;
      throw invalidOption(message, { type });
    }
    const definition = resolveActor(actor, `actor type "${type}"`);
    checkOptions(type, definition, options);
    const replaced = this.#registrations.has(type);
    const registration = { type, actor, options, definition };
    this.#registrations.set(type, registration);
    this.#changes.tell({ kind: replaced ? 'replaced' : 'registered', registration });
    return { replaced };
  }

  get(type: string): ActorRegistration | undefined {
    return this.#registrations.get(type);
  }

  has(type: string): boolean {
    return this.#registrations.has(type);
  }

  /** In the order they were first registered. */
  list(): readonly ActorRegistration[] {
    return [...this.#registrations.values()];
  }

  /** @returns whether it was registered */
  unregister(type: string): boolean {
    const registration = this.#registrations.get(type);
    if (!registration) return false;
    this.#registrations.delete(type);
    this.#changes.tell({ kind: 'unregistered', registration });
    return true;
  }

  /**
   * Tells `listener` of every change from now on, synchronously. What it throws is dropped: a listener cannot
   * undo a registration, nor keep the others from hearing of it.
   * @returns the function that ends it
   */
  onChange(listener: (change: RegistryChange) => void): () => void {
    return this.#changes.add(listener);
  }
}

function isActorType(type: unknown): boolean {
  return typeof type === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(type);
}

function checkOptions(type: string, definition: ActorDefinition, options: RegisterOptions): void {
  const { concurrency, passivateAfterMs, limit } = options;
  wholeNumber('concurrency', concurrency, undefined, 1, 10_000);
  wholeNumber('passivateAfterMs', passivateAfterMs, undefined, 1);
  wholeNumber('limit.concurrency', limit?.concurrency, undefined, 1);
  wholeNumber('limit.rate.limit', limit?.rate?.limit, undefined, 1);
  wholeNumber('limit.rate.perMs', limit?.rate?.perMs, undefined, 1);
  resolveSpec(definition, options);
  if (definition.kind === 'instance' && (concurrency ?? 1) > 1) {
    const message = `Actor type "${type}" is one instance, so it serves one task at a time, not ${concurrency}. Register its class or a factory.`;
    throw invalidOption(message, { type, concurrency });
  }
}
