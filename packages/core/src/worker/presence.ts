import { isLoomError } from '../errors/loom-error.js';
import type { LoomError } from '../errors/loom-error.js';
import type { Clock } from '../ports/clock.js';
import type { ActorInstance, InstanceRegistry } from '../ports/instance-registry.js';
import type { Logger } from '../ports/logger.js';

export interface Presence {
  /**
   * Tells how things are now, and goes on with heartbeats, three in a lease. Never rejects.
   * @returns the error, when what there is to tell cannot be used
   */
  tell(): Promise<LoomError | undefined>;
  /** Ends the heartbeats and takes the instance off. Never rejects. */
  close(): Promise<void>;
}

/**
 * Keeps one instance known for as long as it lives, also when the registry has forgotten it. What fails is
 * logged, and made good by the next heartbeat.
 * @param describe - what there is to tell now; its id never changes
 */
export function createPresence(
  instances: InstanceRegistry,
  describe: () => ActorInstance,
  clock: Clock,
  logger: Logger,
): Presence {
  /** What was registered, apart from what heartbeats may change. */
  let registered: string | undefined;
  let turn: Promise<LoomError | undefined> = Promise.resolve(undefined);
  let waiting: typeof turn | undefined;
  let cancelTimer: (() => void) | undefined;
  let isClosed = false;

  async function send(): Promise<void> {
    const now = describe();
    const { id, status, slots } = now;
    const lasting = JSON.stringify({ ...now, status: null, slots: null });
    if (lasting === registered && (await instances.heartbeat(id, { status, slots })).known) return;
    await instances.register(now);
    registered = lasting;
  }

  async function attempt(work: () => Promise<unknown>): Promise<LoomError | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      // Who owns the registry needs it no longer.
      if (isLoomError(error, 'LOOM_CLOSED')) return undefined;
      logger.warn('Worker could not make itself known', { error });
      return isLoomError(error, 'LOOM_INVALID_OPTION') ? error : undefined;
    }
  }

  async function beat(): Promise<LoomError | undefined> {
    waiting = undefined;
    if (isClosed) return undefined;
    cancelTimer?.();
    const refused = await attempt(send);
    cancelTimer = clock.setTimer(instances.leaseMs / 3, () => void tell(), { background: true });
    return refused;
  }

  function tell(): Promise<LoomError | undefined> {
    // One after the other: an older state never overtakes a newer one. Who comes while one waits joins it.
    return (waiting ??= turn = turn.then(beat));
  }

  return {
    tell,
    async close() {
      isClosed = true;
      await turn;
      cancelTimer?.();
      if (registered !== undefined) await attempt(() => instances.deregister(describe().id));
    },
  };
}
