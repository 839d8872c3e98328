import { invalidOption } from './execution-input.js';

/** Where a page of executions ended: the next one goes on strictly after it, whatever was added or removed. */
export interface ExecutionCursor {
  readonly createdAt: number;
  /** Order of storing, for executions created in the same millisecond. */
  readonly sequence: number;
}

export function encodeCursor({ createdAt, sequence }: ExecutionCursor): string {
  return Buffer.from(JSON.stringify([createdAt, sequence])).toString('base64url');
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function parseCursor(cursor: string): ExecutionCursor {
  try {
    const [createdAt, sequence] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [
      unknown,
      unknown,
    ];
    if (typeof createdAt === 'number' && typeof sequence === 'number') return { createdAt, sequence };
  } catch {
    // Reported below, like a cursor of another shape.
  }
  throw invalidOption('cursor', cursor, 'give the cursor of the previous page');
}
