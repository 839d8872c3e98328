import type { LiveExecution } from './live-execution.js';
import type { LiveNode } from './live-node.js';

/** Why something is not done yet. */
export type WaitKind =
  /** Handed out; a worker is at it, or it waits for a free place of its actor type. */
  | 'running'
  /** Other stages have to finish first. */
  | 'dependency'
  /** The stage already runs as many tasks as it may. */
  | 'concurrency-limit'
  /** The next attempt of a failed task is not due yet. */
  | 'backoff'
  /** No process known here runs this actor. */
  | 'no-worker'
  | 'paused'
  /** It could not be brought to life here: a mode that nobody registered, a damaged record. */
  | 'not-served'
  /** The store refused the last step; it is tried again by itself. */
  | 'store-unavailable';

export interface WaitReason {
  readonly kind: WaitKind;
  readonly stage?: string | undefined;
  /** How many tasks this holds back. */
  readonly tasks?: number | undefined;
  readonly actor?: string | undefined;
  /** When it ends by itself; milliseconds since the epoch. */
  readonly until?: number | undefined;
  /** The same for a person. */
  readonly message: string;
}

/** Every reason an unfinished execution has; at least one, always. */
export function waitReasons(live: LiveExecution): readonly WaitReason[] {
  const reasons: WaitReason[] = [];
  const { storeFailure, state } = live;
  if (storeFailure !== undefined) {
    reasons.push({
      kind: 'store-unavailable',
      message: `The store refused the last step: ${storeFailure.message}`,
    });
  }
  if (state.status === 'paused') reasons.push({ kind: 'paused', message: 'Paused; call resume() to go on.' });
  for (const node of live.running.values()) reasons.push(...nodeReasons(node, state.status === 'paused'));
  for (const { id, needs } of live.plan.nodes) {
    if (state.nodes[id] !== undefined) continue;
    const open = needs.map(({ node }) => node).filter((node) => isOpen(state.nodes[node]?.kind));
    const message = `Stage "${id}" waits for ${open.map((node) => `"${node}"`).join(', ') || 'its turn'}.`;
    reasons.push({ kind: 'dependency', stage: id, message });
  }
  return reasons;
}

const isOpen = (kind: string | undefined): boolean => kind === undefined || kind === 'running';

function nodeReasons(live: LiveNode, paused: boolean): readonly WaitReason[] {
  const stage = live.node.id;
  const reasons: WaitReason[] = [];
  const running = live.inFlight - (live.parked?.size ?? 0);
  if (running > 0)
    reasons.push({
      kind: 'running',
      stage,
      tasks: running,
      message: `${tasksOf(running)} of stage "${stage}" ${running === 1 ? 'is' : 'are'} running.`,
    });
  for (const [actor, tasks] of countBy(live.parked?.values() ?? [])) {
    const message = `No worker runs actor "${actor}" here; ${tasksOf(tasks)} of stage "${stage}" ${tasks === 1 ? 'waits' : 'wait'} for registerActor("${actor}", …).`;
    reasons.push({ kind: 'no-worker', stage, actor, tasks, message });
  }
  if (live.backoff !== undefined && live.backoff.size > 0) {
    const until = Math.min(...[...live.backoff.values()].map(({ dueAt }) => dueAt));
    const tasks = live.backoff.size;
    const message = `${tasksOf(tasks, 'failed ')} of stage "${stage}" ${tasks === 1 ? 'is' : 'are'} tried again, the first at ${new Date(until).toISOString()}.`;
    reasons.push({ kind: 'backoff', stage, tasks, until, message });
  }
  if (live.waiting > 0 && !paused) {
    const tasks = live.waiting;
    const full = live.inFlight >= live.node.concurrency;
    const why = full
      ? `it runs ${live.node.concurrency} at a time`
      : 'the next turn of the event loop takes more';
    const message = `${tasksOf(tasks)} of stage "${stage}" ${tasks === 1 ? 'waits' : 'wait'}; ${why}.`;
    reasons.push({ kind: full ? 'concurrency-limit' : 'running', stage, tasks, message });
  }
  return reasons;
}

function countBy(values: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const tasksOf = (count: number, kind = ''): string => `${count} ${kind}task${count === 1 ? '' : 's'}`;
