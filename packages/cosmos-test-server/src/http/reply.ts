import type { Headers } from '../protocol-error.js';

/** What a request is answered with. */
export interface Reply {
  readonly status: number;
  /** Made into JSON; absent for an answer without a body. */
  readonly body?: unknown;
  readonly headers?: Headers;
  /** Request units. */
  readonly charge: number;
}
