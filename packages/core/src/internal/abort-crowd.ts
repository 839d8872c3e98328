/** Something that ends when a signal is aborted. */
export interface Abortable {
  abort(reason: unknown): void;
}

const crowds = new WeakMap<AbortSignal, Set<Abortable>>();

/**
 * Those who wait for `signal`, to join and to leave. One listener stands for all of them: Node looks
 * through every listener of a signal to add one, and prints a warning when there are more than ten.
 */
export function crowdOf(signal: AbortSignal): Set<Abortable> {
  let crowd = crowds.get(signal);
  if (!crowd) {
    const members = new Set<Abortable>();
    const onAbort = (): void => [...members].forEach((member) => member.abort(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    crowds.set(signal, (crowd = members));
  }
  return crowd;
}
