import type { ErrorRecord, GroupStats, MessageGroup } from '@certoai/loom-core';
import type { ActorQuery } from '@certoai/loom-discovery';
import type { ExecutionState } from '../engine/state.js';
import type { Plan } from '../plan/plan.js';
import type { LiveNode, Outstanding } from './live-node.js';
import { needText } from './worker-need.js';

/** Why something is not done yet. */
export type WaitKind =
  /** Handed out; a worker is at it, or it waits for a free place of its actor type. */
  | 'running'
  /** Other stages have to finish first. */
  | 'dependency'
  /** The stage, or the key it shares with others, already runs as many tasks as it may. */
  | 'concurrency-limit'
  /** So many tasks of its key have begun lately that the next one has to wait. */
  | 'rate-limit'
  /** The next attempt of a failed task is not due yet. */
  | 'backoff'
  /** No process known here runs this actor. */
  | 'no-worker'
  | 'paused'
  /** It could not be brought to life here: a mode that nobody registered, a damaged record. */
  | 'not-served'
  /** The store does not answer, or refused the last step; it is tried again by itself. */
  | 'store-unavailable'
  /** The queue does not answer, or refused a task; it is tried again by itself. */
  | 'queue-unavailable';

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

/** What is looked at: a live execution, or one as it is stored. */
export interface Waiting {
  readonly plan: Plan;
  readonly state: ExecutionState;
  readonly running: ReadonlyMap<string, LiveNode>;
  readonly storeFailure?: ErrorRecord | undefined;
}

/** What is known of the way to workers in other processes. */
export interface Ways {
  /** Actors that no live worker hosts. */
  readonly withoutWorker: ReadonlySet<string>;
  /** Why nobody has what a task needs. */
  explain(need: ActorQuery): string | undefined;
  /** Why a queue takes no tasks just now. */
  failure(queue: string): ErrorRecord | undefined;
  /** What groups with limits are doing. */
  readonly groups: readonly GroupState[];
}

/** One group of tasks with limits. */
export interface GroupState {
  readonly actor: string;
  readonly group: MessageGroup;
  readonly stats: GroupStats;
}

/** Tasks that are with a queue. */
export function outstandingTasks({ running }: Waiting): readonly Outstanding[] {
  return [...running.values()].flatMap((live) => [...(live.outstanding?.values() ?? [])]);
}

/** Every reason an unfinished execution has; at least one, always. */
export function waitReasons(waiting: Waiting, ways: Ways): readonly WaitReason[] {
  const reasons: WaitReason[] = [];
  const { storeFailure, state, running, plan } = waiting;
  if (storeFailure !== undefined) {
    reasons.push({
      kind: 'store-unavailable',
      message: `The store does not take the next step: ${storeFailure.message}`,
    });
  }
  if (state.status === 'paused') reasons.push({ kind: 'paused', message: 'Paused; call resume() to go on.' });
  for (const node of running.values()) reasons.push(...nodeReasons(node, state.status === 'paused', ways));
  for (const { id, needs } of plan.nodes) {
    if (state.nodes[id] !== undefined) continue;
    const open = needs.map(({ node }) => node).filter((node) => isOpen(state.nodes[node]?.kind));
    const message = `Stage "${id}" waits for ${open.map((node) => `"${node}"`).join(', ') || 'its turn'}.`;
    reasons.push({ kind: 'dependency', stage: id, message });
  }
  return reasons;
}

const isOpen = (kind: string | undefined): boolean => kind === undefined || kind === 'running';

function nodeReasons(live: LiveNode, paused: boolean, ways: Ways): readonly WaitReason[] {
  const stage = live.node.id;
  const reasons: WaitReason[] = [];
  let running = live.inFlight - (live.parked?.size ?? 0);
  const outstanding = [...(live.outstanding?.values() ?? [])];
  const actors = new Map(outstanding.map(({ sent, actor }) => [sent.queue, actor]));
  for (const [queue, tasks] of countBy(outstanding.map(({ sent }) => sent.queue))) {
    const actor = actors.get(queue) ?? '';
    const waiting = `${tasksOf(tasks)} of stage "${stage}" ${tasks === 1 ? 'waits' : 'wait'}`;
    const failure = ways.failure(queue);
    if (failure !== undefined) {
      const message = `The queue does not take tasks: ${failure.message} ${waiting}.`;
      reasons.push({ kind: 'queue-unavailable', stage, actor, tasks, message });
    } else if (ways.withoutWorker.has(actor)) {
      const message = `No live worker hosts actor "${actor}"; ${waiting} in its queue. Start a worker that registers it.`;
      reasons.push({ kind: 'no-worker', stage, actor, tasks, message });
    } else continue;
    running -= tasks;
  }
  for (const { actor, group, stats } of ways.groups) {
    const mine = outstanding.filter((task) => task.actor === actor && task.sent.group?.key === group.key);
    const tasks = Math.min(mine.length, stats.waiting);
    if (tasks === 0 || ways.withoutWorker.has(actor)) continue;
    running -= tasks;
    reasons.push(groupReason(stage, actor, tasks, group, stats));
  }
  if (running > 0)
    reasons.push({
      kind: 'running',
      stage,
      tasks: running,
      message: `${tasksOf(running)} of stage "${stage}" ${running === 1 ? 'is' : 'are'} running.`,
    });
  const parked = [...(live.parked?.values() ?? [])].map(({ who }) => who);
  const needs = new Map<string, { readonly need: ActorQuery; tasks: number }>();
  for (const need of parked) {
    if (typeof need === 'string') continue;
    const text = needText(need);
    const alike = needs.get(text);
    if (alike === undefined) needs.set(text, { need, tasks: 1 });
    else alike.tasks += 1;
  }
  for (const [text, { need, tasks }] of needs) {
    const why = ways.explain(need);
    const message = `No live worker runs ${text}; ${tasksOf(tasks)} of stage "${stage}" ${tasks === 1 ? 'waits' : 'wait'} for one.${why === undefined ? '' : ` ${why}`}`;
    reasons.push({ kind: 'no-worker', stage, actor: need.type, tasks, message });
  }
  for (const [actor, tasks] of countBy(parked.filter((who) => typeof who === 'string'))) {
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

function groupReason(
  stage: string,
  actor: string,
  tasks: number,
  { key, concurrency, rate }: MessageGroup,
  { active, openAt, waiting }: GroupStats,
): WaitReason {
  const who = `${tasksOf(tasks)} of stage "${stage}" ${tasks === 1 ? 'waits' : 'wait'} among ${waiting} of key "${key}" for actor "${actor}"`;
  if (openAt !== null && rate !== undefined) {
    const message = `${who}: ${rate.limit} may begin in ${rate.perMs} ms, the next at ${new Date(openAt).toISOString()}.`;
    return { kind: 'rate-limit', stage, actor, tasks, until: openAt, message };
  }
  const why =
    concurrency !== undefined && active >= concurrency ? `${concurrency} run at a time` : 'keys take turns';
  return { kind: 'concurrency-limit', stage, actor, tasks, message: `${who}: ${why}.` };
}

function countBy(values: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const tasksOf = (count: number, kind = ''): string => `${count} ${kind}task${count === 1 ? '' : 's'}`;
