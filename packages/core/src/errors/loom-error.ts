import { isObject } from '../internal/is-object.js';

const brand: unique symbol = Symbol.for('loom.error') as never;

/** Stable codes to branch on. Adding one is a feature; renaming one is a breaking change. */
export type LoomErrorCode =
  | 'LOOM_ACTOR_STOPPED'
  | 'LOOM_CANCELLED'
  | 'LOOM_CLOSED'
  | 'LOOM_CLOSE_FAILED'
  | 'LOOM_CONFLICT'
  | 'LOOM_EXECUTION_FAILED'
  | 'LOOM_EXPRESSION_FAILED'
  | 'LOOM_ILLEGAL_TRANSITION'
  | 'LOOM_INVALID_CONFIG'
  | 'LOOM_INVALID_DEFINITION'
  | 'LOOM_INVALID_INPUT'
  | 'LOOM_INVALID_OPTION'
  | 'LOOM_LEASE_LOST'
  | 'LOOM_MAILBOX_FULL'
  | 'LOOM_MISSING_DEPENDENCY'
  | 'LOOM_NOT_FOUND'
  | 'LOOM_NOT_SERIALISABLE'
  | 'LOOM_PAYLOAD_TOO_LARGE'
  | 'LOOM_QUEUE_FULL'
  | 'LOOM_STORE_CORRUPT'
  | 'LOOM_STORE_FAILED'
  | 'LOOM_STORE_FULL'
  | 'LOOM_STORE_LOCKED'
  | 'LOOM_TASK_CRASHED'
  | 'LOOM_TIMEOUT'
  | 'LOOM_UNKNOWN_ACTOR'
  | 'LOOM_UNSUPPORTED';

/** Facts for machines: ids, limits, counts. Never payloads or secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The one error class of Loom. Recognise it with {@link isLoomError}: two copies of core may be loaded. */
export class LoomError extends Error {
  override readonly name: string = 'LoomError';
  readonly [brand] = true;
  readonly code: LoomErrorCode;
  readonly details: ErrorDetails;

  constructor(code: LoomErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Whether `error` is a {@link LoomError} of any loaded copy of core, and of `code` when one is given. */
export function isLoomError(error: unknown, code?: LoomErrorCode): error is LoomError {
  try {
    return isObject(error) && brand in error && (code === undefined || (error as LoomError).code === code);
  } catch {
    return false;
  }
}
