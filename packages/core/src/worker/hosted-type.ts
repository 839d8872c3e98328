import { ActorHome } from '../actor/actor-home.js';
import type { ActorRegistration } from '../registry/actor-registry.js';
import { TaskPool } from './task-pool.js';
import type { TaskHost } from './task-pool.js';

/** One registered type in one worker: its actors, for messages, and its pool, for tasks. */
export class HostedType {
  readonly home: ActorHome;
  readonly pool: TaskPool;

  constructor(registration: ActorRegistration, host: TaskHost) {
    this.home = new ActorHome(registration, host.system);
    this.pool = new TaskPool(registration, this.home, host);
  }

  replace(registration: ActorRegistration): void {
    this.home.replace(registration);
    this.pool.replace(registration);
  }

  /** Tasks end now; actors after the message they are at. */
  async close(reason: unknown): Promise<void> {
    this.pool.abortAll(reason);
    await Promise.all([this.home.close(), this.pool.close()]);
  }

  kill(): void {
    this.home.kill();
    this.pool.kill();
  }
}
