// What a cell is doing, as bits of `Cell.flags`. 0: idle, and ready for a message.
// One export each, and not an object, so that what is built has numbers in place of names.

/** In the scheduler's line. */
export const scheduled = 1;
/** Inside a handler, on the stack. */
export const active = 2;
/** A handler's promise is pending. */
export const busy = 4;
/** Between instances: it starts, restarts, stops, or waits for its parent's decision. */
export const suspended = 8;
/** Stops when its mailbox is empty; takes nothing more. */
export const draining = 16;
export const stopping = 32;
export const stopped = 64;
/** Of a registered type, and without an instance until its next message. */
export const dormant = 128;
/** `extras.verdict` waits for the end of the current message. */
export const judged = 256;
/** Suspended because its parent has to decide. */
export const escalated = 512;
/** Its last start failed: there is no state to resume with. */
export const hollow = 1024;

/** Whether any of `flags` is set. Loops over messages write it out. */
export function any(cell: { readonly flags: number }, flags: number): boolean {
  return (cell.flags & flags) !== 0;
}
