import type { Clock, OutboxState } from '@certoai/loom-core';

/** Where a local outbox keeps what must not be lost. */
export interface OutboxKeeper {
  readonly capabilities: { readonly durable: boolean; readonly shared: boolean };
  readonly clock: Clock;
  /** Runs operations one after the other; resolves when what was written is kept. Checks first, writes afterwards. */
  enqueue<Reply>(apply: (rows: OutboxRows) => Reply): Promise<Reply>;
  /** The highest number any message ever had, removed ones included; 0 for none. */
  lastSequence(): number;
  /** Every message, oldest first. */
  load(): Iterable<KeptEntry>;
  /** Called when what an operation wrote was lost. */
  onReload(reload: () => void): void;
}

export interface OutboxRows {
  state(key: string): OutboxState | undefined;
  setState(key: string, state: OutboxState): void;
  insert(entry: KeptEntry, content: string): void;
  content(sequence: number): string;
  /** Writes what changes while an entry lives. */
  update(entry: KeptEntry): void;
  remove(sequence: number): void;
}

/** A message without its content. */
export interface KeptEntry {
  readonly sequence: number;
  readonly key: string | undefined;
  readonly committedAt: number;
  attempts: number;
  parked: { readonly at: number; readonly reason: string; readonly blocks: boolean } | undefined;
}
