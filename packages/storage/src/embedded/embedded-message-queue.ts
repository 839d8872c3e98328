import { silentLogger } from '@certoai/loom-core';
import { LocalMessageQueue } from '../internal/local-queue/local-message-queue.js';
import type { EmbeddedDatabase } from './embedded-database.js';
import { EmbeddedMessageKeeper } from './embedded-message-keeper.js';

/**
 * Messages in a folder. Resolved sends and settled deliveries are on disk; one sync serves all that happen
 * in one turn of the event loop. The folder stays open until the store that owns it is closed.
 */
export class EmbeddedMessageQueue extends LocalMessageQueue {
  constructor(database: EmbeddedDatabase) {
    const { clock, logger = silentLogger } = database;
    super({ keeper: new EmbeddedMessageKeeper(database), clock, logger });
  }
}
