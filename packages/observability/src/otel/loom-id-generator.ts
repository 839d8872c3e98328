import { randomBytes } from 'node:crypto';
import type { TraceParent } from '../span/traceparent.js';

type Ids = Pick<TraceParent, 'traceId' | 'spanId'>;

/**
 * Gives spans of executions the ids that follow from their names, and all others random ones. Hand it to the
 * tracer provider as `idGenerator` and to {@link OpenTelemetryTracer} as `ids`: then every process gives a span
 * the same id, and what workers record hangs below the span of their task.
 */
export class LoomIdGenerator {
  #traceId: string | undefined;
  #spanId: string | undefined;

  generateTraceId(): string {
    const traceId = this.#traceId ?? randomBytes(16).toString('hex');
    this.#traceId = undefined;
    return traceId;
  }

  generateSpanId(): string {
    const spanId = this.#spanId ?? randomBytes(8).toString('hex');
    this.#spanId = undefined;
    return spanId;
  }

  /** The first span that `make` starts has these ids. */
  use<Result>({ traceId, spanId }: Ids, make: () => Result): Result {
    this.#traceId = traceId;
    this.#spanId = spanId;
    try {
      return make();
    } finally {
      // A child does not ask for a trace id, and what is not sampled may ask for nothing.
      this.#traceId = undefined;
      this.#spanId = undefined;
    }
  }
}
