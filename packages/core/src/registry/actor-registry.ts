import { resolveActor } from '../actor/actor-definition.js';
import type { ActorDefinition } from '../actor/actor-definition.js';
import { resolveSpec } from '../actor/actor-spec.js';
import type { ActorSource } from '../actor/actor-source.js';
import type { ActorOptions } from '../actor/spawn-options.js';
import { LoomError } from '../errors/loom-error.js';
import { wholeNumber } from '../internal/numeric-option.js';

export interface RegisterOptions extends ActorOptions {
  /** Tasks of this type at the same time in one worker; 1 to 10_000. @default the worker's `concurrency` */
  readonly concurrency?: number | undefined;
  /** Whatever a catalogue should know of the type. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** A keyed actor without messages for this long is put away until its next one; milliseconds, 1 or more. @default never */
  readonly passivateAfterMs?: number | undefined;
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
  readonly #listeners = new Set<(change: RegistryChange) => void>();

  /**
   * @param type - 1 to 128 letters, digits, `.`, `_` or `-`: it becomes part of a queue's name
   * @returns whether an earlier registration of `type` was replaced
   * @throws TypeError when `actor` is nothing that can handle a message
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  register(type: string, actor: ActorSource, options: RegisterOptions = {}): { readonly replaced: boolean } {
    if (!isActorType(type)) {
      const message = `Actor type ${JSON.stringify(type)} cannot be part of a queue's name; give 1 to 128 letters, digits, ".", "_" or "-".`;
      throw new LoomError('LOOM_INVALID_OPTION', message, { type });
    }
    const definition = resolveActor(actor, `actor type "${type}"`);
    checkOptions(type, definition, options);
    const replaced = this.#registrations.has(type);
    const registration = { type, actor, options, definition };
    this.#registrations.set(type, registration);
    this.#announce({ kind: replaced ? 'replaced' : 'registered', registration });
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
    this.#announce({ kind: 'unregistered', registration });
    return true;
  }

  /**
   * Tells `listener` of every change from now on, synchronously. What it throws is dropped.
   * @returns the function that ends it
   */
  onChange(listener: (change: RegistryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #announce(change: RegistryChange): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(change);
      } catch {
        // A listener cannot undo a registration, nor keep the others from hearing of it.
      }
    }
  }
}

function isActorType(type: unknown): boolean {
  return typeof type === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(type);
}

function checkOptions(type: string, definition: ActorDefinition, options: RegisterOptions): void {
  const { concurrency, passivateAfterMs } = options;
  wholeNumber('concurrency', concurrency, undefined, 1, 10_000);
  wholeNumber('passivateAfterMs', passivateAfterMs, undefined, 1);
  resolveSpec(definition, options);
  if (definition.kind === 'instance' && (concurrency ?? 1) > 1) {
    const message = `Actor type "${type}" is one instance, so it serves one task at a time, not ${concurrency}. Register its class or a factory.`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { type, concurrency });
  }
}
