import { systemClock } from '@certoai/loom-core';
import type { Clock, OutboxState } from '@certoai/loom-core';
import { LocalOutboxStore } from './local-outbox-store.js';
import type { OutboxKeeper, OutboxRows } from './outbox-keeper.js';

export interface InMemoryOutboxStoreOptions {
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

/** An outbox of one process, which ends with it: for tests, and where the queue is in memory as well. */
export class InMemoryOutboxStore extends LocalOutboxStore {
  constructor({ clock = systemClock }: InMemoryOutboxStoreOptions = {}) {
    super(inMemoryOutboxKeeper(clock));
  }
}

export interface InMemoryOutboxKeeper extends OutboxKeeper {
  /** What its operations are given. */
  readonly rows: OutboxRows;
}

export function inMemoryOutboxKeeper(clock: Clock): InMemoryOutboxKeeper {
  const states = new Map<string, OutboxState>();
  const contents = new Map<number, string>();
  const rows: OutboxRows = {
    state: (key) => states.get(key),
    setState: (key, state) => void states.set(key, state),
    insert: ({ sequence }, content) => void contents.set(sequence, content),
    content: (sequence) => contents.get(sequence) as string,
    update: () => {},
    remove: (sequence) => void contents.delete(sequence),
  };
  return {
    capabilities: { durable: false, shared: false },
    clock,
    rows,
    enqueue: async (apply) => apply(rows),
    lastSequence: () => 0,
    load: () => [],
    onReload: () => {},
  };
}
