import type { SchemaPart } from './embedded-database.js';

/** Inputs longer than this have a row of their own, so that a step does not write them again with its head. */
export const inlineInputLength = 1_024;

/**
 * `status` is part of an index, which is why a step that does not change it does not write it either.
 * That one index finds the unfinished executions at opening, and answers every list but those by tag.
 */
export const executionSchema: SchemaPart = {
  name: 'executions',
  migrations: [
    `
    CREATE TABLE definitions (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL);

    CREATE TABLE executions (
      sequence INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      version INTEGER NOT NULL,
      status TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      finished_at INTEGER,
      wake_at INTEGER,
      priority INTEGER NOT NULL,
      bytes INTEGER,
      definition INTEGER NOT NULL,
      name TEXT,
      idempotency_key TEXT,
      tags TEXT,
      input TEXT,
      state TEXT NOT NULL
    );
    CREATE INDEX executions_by_status ON executions (status, created_at, sequence, name);
    CREATE INDEX executions_by_finish ON executions (status, finished_at, bytes) WHERE finished_at IS NOT NULL;
    CREATE INDEX executions_by_definition ON executions (definition);
    CREATE UNIQUE INDEX executions_by_key ON executions (idempotency_key) WHERE idempotency_key IS NOT NULL;

    CREATE TABLE large_inputs (execution INTEGER PRIMARY KEY, input TEXT NOT NULL);

    CREATE TABLE records (
      execution INTEGER NOT NULL,
      node TEXT NOT NULL,
      task INTEGER NOT NULL,
      kind TEXT NOT NULL,
      token INTEGER NOT NULL DEFAULT 1,
      attempt INTEGER NOT NULL DEFAULT 1,
      crashes INTEGER NOT NULL DEFAULT 0,
      at INTEGER NOT NULL,
      due_at INTEGER,
      body TEXT NOT NULL,
      PRIMARY KEY (execution, node, task)
    );
    `,
    `CREATE TABLE seats (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL)`,
  ],
};
