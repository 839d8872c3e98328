import type { RunningDelivery } from '../running-delivery.js';
import type { StoredMessage } from './stored-message.js';

/** One message that was taken, until its outcome is kept. */
export interface LocalRun {
  readonly message: StoredMessage;
  /** Absent until the delivery is noted. */
  delivery: RunningDelivery | undefined;
  /** Its outcome is being kept. */
  settling: Promise<void> | undefined;
  /** It is being withdrawn; resolves to whether that worked. */
  removal: Promise<boolean> | undefined;
}
