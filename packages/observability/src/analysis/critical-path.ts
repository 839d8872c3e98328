import type { ExecutionSpan } from '../span/execution-span.js';
import type { SpanTree } from '../span/span-tree.js';
import { criticalChain } from './critical-chain.js';

/** A stretch of time of an execution, and the innermost span that it was spent on. */
export interface CriticalPathSegment {
  /**
   * Of an attempt, or what undoes it: it ran. Of an approval: a human was waited for. Of a stage: nothing of that on the
   * path. Of the execution: no stage did.
   */
  readonly span: ExecutionSpan;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly durationMs: number;
}

/**
 * Why an execution took as long as it did: segments, oldest first, that cover the time from its start to
 * its end without gap or overlap. While it runs they go to `lastEventAt`.
 */
export function criticalPath(tree: SpanTree, lastEventAt: number): readonly CriticalPathSegment[] {
  const segments: CriticalPathSegment[] = [];
  const { startedAt, endedAt = lastEventAt } = tree.span;
  walk(tree, startedAt, endedAt);
  return segments;

  function walk({ span, children }: SpanTree, from: number, to: number): void {
    const periods = inside(span, children).map((node) => ({
      node,
      startedAt: node.span.startedAt,
      endedAt: node.span.endedAt ?? lastEventAt,
    }));
    let reached = from;
    for (const { node, startedAt: begin, endedAt: end } of criticalChain(periods, from, to)) {
      add(span, reached, begin);
      walk(node, Math.max(begin, reached), Math.min(end, to));
      reached = Math.min(end, to);
    }
    add(span, reached, to);
  }

  function add(span: ExecutionSpan, from: number, to: number): void {
    if (to > from) segments.push({ span, startedAt: from, endedAt: to, durationMs: to - from });
  }
}

/** What undoes a stage comes when that is over: its time is that of the execution. */
function inside({ kind }: ExecutionSpan, children: readonly SpanTree[]): readonly SpanTree[] {
  if (kind === 'stage') return children.filter(({ span }) => span.kind !== 'compensation');
  if (kind !== 'execution') return children;
  const later = children.flatMap((stage) =>
    stage.children.filter(({ span }) => span.kind === 'compensation'),
  );
  return [...children, ...later];
}
