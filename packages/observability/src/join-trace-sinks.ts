import type { ExecutionEvent, TraceSink } from '@certoai/loom-core';
import type { SpanAddress } from './span/traceparent.js';

/** A sink that can say under which span a worker goes on. */
interface TraceContextSource {
  traceparent?(address: SpanAddress): string | undefined;
}

/**
 * One sink for several, in their order: an orchestrator takes one. One that throws keeps the event from none of
 * the others; what the first of them threw is thrown at the end, for who observes to log.
 */
export function joinTraceSinks(...sinks: readonly TraceSink[]): TraceSink & Required<TraceContextSource> {
  return {
    observe(event: ExecutionEvent): void {
      const thrown: unknown[] = [];
      for (const sink of sinks) {
        try {
          sink.observe(event);
        } catch (error) {
          thrown.push(error);
        }
      }
      if (thrown.length > 0) throw thrown[0];
    },
    /** Of the first sink that has one. */
    traceparent(address: SpanAddress): string | undefined {
      for (const sink of sinks) {
        const found = (sink as TraceContextSource).traceparent?.(address);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
