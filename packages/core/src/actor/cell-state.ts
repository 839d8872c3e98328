/** What a cell is doing, as bits of `Cell.flags`. 0: idle, and ready for a message. */
export const is = {
  /** In the scheduler's line. */
  scheduled: 1,
  /** Inside a handler, on the stack. */
  active: 2,
  /** A handler's promise is pending. */
  busy: 4,
  /** Between instances: it starts, restarts, stops, or waits for its parent's decision. */
  suspended: 8,
  /** Stops when its mailbox is empty; takes nothing more. */
  draining: 16,
  stopping: 32,
  stopped: 64,
  /** Of a registered type, and without an instance until its next message. */
  dormant: 128,
  /** `extras.verdict` waits for the end of the current message. */
  judged: 256,
  /** Suspended because its parent has to decide. */
  escalated: 512,
  /** Its last start failed: there is no state to resume with. */
  hollow: 1024,
} as const;
