import { systemClock } from '@certoai/loom-core';
import type { Logger } from '@certoai/loom-core';
import { checkRedis } from './check-redis.js';
import type { RedisFinding } from './check-redis.js';
import type { OpenRedisClient } from './redis-client.js';

/** From one look at a server with something wrong to the next. */
const againMs = 60_000;

/** Looks at the settings of a server once, tells the logger, and remembers for whoever asks about health. */
export class SettingsWatch {
  readonly #logger: Logger;
  #client: OpenRedisClient | undefined;
  #found: readonly RedisFinding[] = [];
  #lookedAt = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The first look; more calls do nothing. */
  begin(client: OpenRedisClient): void {
    if (this.#client !== undefined) return;
    this.#client = client;
    void this.#look(client);
  }

  findings(): readonly RedisFinding[] {
    const isDue = this.#found.length > 0 && systemClock.now() - this.#lookedAt >= againMs;
    // On a connection that is down it would wait, and be one of many.
    if (isDue && this.#client?.status === 'ready') void this.#look(this.#client);
    return this.#found;
  }

  async #look(client: OpenRedisClient): Promise<void> {
    this.#lookedAt = systemClock.now();
    try {
      const found = await checkRedis(client);
      const known = new Set(this.#found.map(({ message }) => message));
      this.#found = found;
      for (const finding of found.filter(({ message }) => !known.has(message)))
        this.#logger.warn('Redis is not set up for queues', { ...finding });
    } catch (error) {
      this.#logger.debug('Redis settings could not be read', { error });
    }
  }
}
