import type { ExecutionStore } from '@certoai/loom-core';

/** When the process dies: at which write (from 0), and whether that write still reaches the store. */
export interface CrashPoint {
  readonly write: number;
  readonly applied: boolean;
}

/**
 * A store whose process dies at one write: the call never returns, nor does any later one. What reached
 * `inner` is what a new process finds.
 */
export function crashingStore(
  inner: ExecutionStore,
  crash?: CrashPoint,
  onCrash?: () => void,
): ExecutionStore & { readonly writes: number } {
  let writes = 0;
  let dead = false;
  let holder = '';
  const never = new Promise<never>(() => undefined);
  const write = <Reply>(operation: () => Promise<Reply>): Promise<Reply> => {
    if (dead) return never;
    if (crash === undefined || writes !== crash.write) {
      writes += 1;
      return operation().then((reply) => (dead ? never : reply));
    }
    dead = true;
    const done = crash.applied ? operation() : Promise.resolve();
    // The lease of a process that died ends by itself.
    void done.then(() => inner.leave(holder)).then(() => onCrash?.());
    return never;
  };
  const read = <Reply>(operation: () => Promise<Reply>): Promise<Reply> => (dead ? never : operation());
  return {
    get writes() {
      return writes;
    },
    capabilities: inner.capabilities,
    outbox: inner.outbox,
    create: (execution) => write(() => inner.create(execution)),
    record: (entry) => write(() => inner.record(entry)),
    commit: (transition) => write(() => inner.commit(transition)),
    load: (id) => read(() => inner.load(id)),
    records: (query) => read(() => inner.records(query)),
    claim: (request) => {
      holder = request.holder;
      return read(() => inner.claim(request));
    },
    leave: (holder) => read(() => inner.leave(holder)),
    release: (request) => write(() => inner.release(request)),
    list: (query) => read(() => inner.list(query)),
    prune: (policy) => read(() => inner.prune(policy)),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
