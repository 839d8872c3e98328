import { oneOf } from '../internal/one-of.js';
import { wholeNumber } from '../internal/numeric-option.js';
import type { ActorDefinition } from './actor-definition.js';
import type { ActorHome } from './actor-home.js';
import type { RegisterOptions } from '../registry/actor-registry.js';
import { resolveSupervision } from './supervision.js';
import type { ResolvedSupervision } from './supervision.js';

/** What all actors of one kind have in common, resolved once: a cell holds only a reference to it. */
export interface ActorSpec {
  readonly definition: ActorDefinition;
  readonly supervision: ResolvedSupervision;
  readonly capacity: number;
  readonly overflow: 'reject' | 'drop-newest' | 'drop-oldest';
  readonly stashCapacity: number;
  /** Of keyed actors; milliseconds, Infinity: never. */
  readonly passivateAfterMs: number;
  /** Of a registered type: where its actors come back to life. */
  readonly home: ActorHome | undefined;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveSpec(
  definition: ActorDefinition,
  options: RegisterOptions,
  home?: ActorHome,
): ActorSpec {
  const { capacity, overflow = 'reject', stashCapacity } = options.mailbox ?? {};
  return {
    definition,
    supervision: resolveSupervision(options.supervision),
    capacity: wholeNumber('mailbox.capacity', capacity, 100_000, 1, Infinity),
    overflow: oneOf('mailbox.overflow', overflow, ['reject', 'drop-newest', 'drop-oldest']),
    stashCapacity: wholeNumber('mailbox.stashCapacity', stashCapacity, 10_000, 1, Infinity),
    passivateAfterMs: options.passivateAfterMs ?? Infinity,
    home,
  };
}
