import type { SchemaPart } from './embedded-database.js';

/** Bodies longer than this have a row of their own, so that a delivery does not write them again. Characters. */
export const inlineBodyLength = 1_024;

/**
 * A message is one row all its life; as a dead letter it has a `death`, a number that rises with every
 * one and that lists are in the order of. While it lives it is in no index. Of a group, one row has the limits in
 * force, and one more each delivery that began within the window of its rate; both are known until a time.
 */
export const messageSchema: SchemaPart = {
  name: 'messages',
  migrations: [
    `
    CREATE TABLE messages (
      sequence INTEGER PRIMARY KEY,
      queue TEXT NOT NULL,
      priority INTEGER NOT NULL,
      sent_at INTEGER NOT NULL,
      due_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      dedupe_id TEXT,
      body TEXT,
      death INTEGER,
      died_at INTEGER,
      reason TEXT,
      fingerprint TEXT
    );
    CREATE INDEX dead_messages ON messages (queue, death) WHERE death IS NOT NULL;

    CREATE TABLE message_bodies (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL);

    CREATE TABLE message_dedupe_ids (
      queue TEXT NOT NULL,
      dedupe_id TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      until INTEGER NOT NULL,
      PRIMARY KEY (queue, dedupe_id)
    ) WITHOUT ROWID;
    CREATE INDEX message_dedupe_ids_by_end ON message_dedupe_ids (until);

    CREATE TABLE paused_queues (queue TEXT PRIMARY KEY) WITHOUT ROWID;
    `,
    `
    ALTER TABLE messages ADD COLUMN group_key TEXT;
    ALTER TABLE messages ADD COLUMN group_limits TEXT;

    CREATE TABLE message_groups (
      queue TEXT NOT NULL,
      group_key TEXT NOT NULL,
      limits TEXT NOT NULL,
      begun_at INTEGER,
      until INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX message_limits ON message_groups (queue, group_key) WHERE begun_at IS NULL;
    CREATE INDEX message_groups_by_end ON message_groups (until);
    `,
  ],
};
