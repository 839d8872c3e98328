import type { AttemptSpan, CompensationSpan, ExecutionSpan } from './execution-span.js';

/** A span with what happened inside it. */
export interface SpanTree {
  readonly span: ExecutionSpan;
  /** Stages in the order in which they were first seen; attempts by task, then by number; approvals by time; compensations as attempts. */
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
  if (left.kind === 'stage' && right.kind === 'stage') return left.position - right.position;
  if (left.kind !== right.kind) return order.indexOf(left.kind) - order.indexOf(right.kind);
  if (isWork(left) && isWork(right)) return left.index - right.index || left.attempt - right.attempt;
  return left.startedAt - right.startedAt;
}

const order: readonly ExecutionSpan['kind'][] = ['stage', 'attempt', 'approval', 'compensation'];

function isWork(span: ExecutionSpan): span is AttemptSpan | CompensationSpan {
  return span.kind === 'attempt' || span.kind === 'compensation';
}
