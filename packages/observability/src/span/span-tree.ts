import type { ExecutionSpan } from './execution-span.js';

/** A span with what happened inside it. */
export interface SpanTree {
  readonly span: ExecutionSpan;
  /** Stages in the order in which they were first seen; attempts by task, then by number. */
  readonly children: readonly SpanTree[];
}

/** @returns undefined without a root; a span whose parent is missing hangs below the root */
export function spanTree(spans: readonly ExecutionSpan[]): SpanTree | undefined {
  const root = spans.find((span) => span.kind === 'execution');
  if (root === undefined) return undefined;
  const nodes = new Map(spans.map((span) => [span.spanId, { span, children: [] as SpanTree[] }]));
  const top = nodes.get(root.spanId) ?? { span: root, children: [] };
  for (const node of nodes.values()) {
    if (node.span.kind === 'execution') continue;
    (nodes.get(node.span.parentSpanId) ?? top).children.push(node);
  }
  for (const { children } of nodes.values()) children.sort(bySequence);
  return top;
}

function bySequence({ span: left }: SpanTree, { span: right }: SpanTree): number {
  if (left.kind === 'attempt' && right.kind === 'attempt') {
    return left.index - right.index || left.attempt - right.attempt;
  }
  if (left.kind === 'stage' && right.kind === 'stage') return left.position - right.position;
  return left.kind === right.kind ? 0 : left.kind === 'stage' ? -1 : 1;
}
