/**
 * Messages an actor sends to itself later. They end with it, also when it restarts or is put away. No bound
 * of the mailbox keeps them out: of each timer at most one waits.
 */
export interface ActorTimers {
  /** Sends `message` once, `delayMs` from now. A timer of the same name is replaced. */
  once(name: string, delayMs: number, message: unknown): void;
  /** Sends `message` every `intervalMs`, first after one interval. A timer of the same name is replaced. */
  every(name: string, intervalMs: number, message: unknown): void;
  /** Nothing of this timer is handled afterwards, even what is already in the mailbox. */
  cancel(name: string): void;
  has(name: string): boolean;
}
