import type { StoredGroup } from '../group-limits.js';

/** A message that waits or runs. What changes during its life is not `readonly`. */
export interface StoredMessage {
  /** Rises with every message; its decimal form is the message's id. */
  readonly sequence: number;
  readonly queue: string;
  readonly priority: number;
  /** Milliseconds since the epoch, as every time here. */
  readonly sentAt: number;
  readonly dedupeId: string | undefined;
  readonly group: StoredGroup | undefined;
  /** JSON text; `undefined` while only the keeper has it. */
  body: string | undefined;
  /** Not delivered before, and ready since. */
  dueAt: number;
  /** Deliveries so far. */
  attempts: number;
  /** Taken back while it was ready: it is passed over where it comes up. @default false */
  withdrawn?: boolean;
}

export function idOf({ sequence }: Pick<StoredMessage, 'sequence'>): string {
  return String(sequence);
}
