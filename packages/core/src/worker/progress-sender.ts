import type { Clock } from '../ports/clock.js';

const intervalMs = 250;

export interface ProgressSender {
  tell(progress: unknown): void;
  /** Nothing more is sent; resolves when what was under way is. */
  end(): Promise<void>;
}

/**
 * Sends what one handler says of its progress: the latest, one message at a time, four in a second at most.
 * @param send - never rejects
 */
export function createProgressSender(
  clock: Clock,
  send: (progress: unknown) => Promise<void>,
): ProgressSender {
  let latest: { readonly progress: unknown } | undefined;
  /** Set until a message is stored and its interval is over. */
  let sending: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;

  async function sendAll(): Promise<void> {
    while (latest) {
      sending = send(latest.progress);
      latest = undefined;
      await sending;
      // When the handler ends first, nobody waits for this any more.
      await new Promise<void>((over) => (cancelTimer = clock.setTimer(intervalMs, over)));
    }
    sending = undefined;
  }

  return {
    tell(progress) {
      latest = { progress };
      if (!sending) void sendAll();
    },
    async end() {
      latest = undefined;
      await sending;
      cancelTimer?.();
    },
  };
}
