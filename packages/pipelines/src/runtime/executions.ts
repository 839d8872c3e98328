import {
  isLoomError,
  LoomError,
  type Clock,
  type ErrorRecord,
  type ExecutionPage,
  type ExecutionQuery,
  type ExecutionStore,
  type JsonValue,
  type StoredExecution,
} from '@certoai/loom-core';
import { isFinal, type ExecutionState } from '../engine/state.js';
import type { ExecutionHost } from './execution-host.js';
import type { ExecutionHandle } from './execution-handle.js';
import type { LiveExecution } from './live-execution.js';
import type { PlanCache } from './plan-cache.js';
import { loadOutputs, runningNodes } from './revive.js';
import { snapshot, type ExecutionSnapshot } from './snapshot.js';
import type { TaskRoutes } from './task-routes.js';
import {
  outstandingTasks,
  waitReasons,
  type GroupState,
  type Waiting,
  type WaitReason,
} from './wait-reason.js';
import type { Outstanding } from './live-node.js';
import type { WorkerDirectory } from './worker-directory.js';

/** What the orchestrator lends to its {@link Executions}. */
export interface ExecutionsHost {
  readonly store: ExecutionStore;
  readonly plans: PlanCache;
  readonly host: ExecutionHost;
  ready(): Promise<void>;
  live(id: string): LiveExecution | undefined;
  /** Why the store does not answer this process. */
  storeFailure(): ErrorRecord | undefined;
  /** Why an unfinished execution is not served here. */
  failure(id: string, seat: number | undefined): ErrorRecord | undefined;
  attach(id: string): Promise<ExecutionHandle>;
  readonly workers: WorkerDirectory;
  readonly routes: Pick<TaskRoutes, 'failure' | 'group'>;
}

/** Questions about executions, running and finished. */
export interface ExecutionQueries {
  /** Newest first, in pages. */
  list(query?: ExecutionQuery): Promise<ExecutionPage>;
  /** @throws LoomError `LOOM_NOT_FOUND` (as every method that takes an id) */
  get(id: string): Promise<ExecutionSnapshot>;
  /** Why an execution is not finished: never empty for one that is not, empty for one that is. */
  why(id: string): Promise<readonly WaitReason[]>;
  /** What a stage gave, or the execution itself when no stage is named; `null` for a stage without output. */
  output(id: string, stage?: string): Promise<JsonValue>;
  /** A handle to an execution somebody else started, or that survived a restart. */
  attach(id: string): Promise<ExecutionHandle>;
}

export class Executions implements ExecutionQueries {
  readonly #of: ExecutionsHost;

  constructor(of: ExecutionsHost) {
    this.#of = of;
  }

  async list(query: ExecutionQuery = {}): Promise<ExecutionPage> {
    await this.#of.ready();
    return this.#of.store.list(query);
  }

  async get(id: string): Promise<ExecutionSnapshot> {
    const stored = await this.#load(id);
    const plan = await this.#of.plans.pinned(stored.definition);
    const live = this.#of.live(id);
    const state = live?.state ?? (JSON.parse(stored.state) as ExecutionState);
    return snapshot(stored, plan, state, (node) => {
      return live?.running.get(node)?.counters ?? stored.counters[node] ?? { done: 0, failed: 0 };
    });
  }

  async why(id: string): Promise<readonly WaitReason[]> {
    const live = this.#of.live(id);
    if (live === undefined) return this.#whyStored(id);
    const { plan, state, running } = live;
    return this.#reasons({
      plan,
      state,
      running,
      storeFailure: live.storeFailure ?? this.#of.storeFailure(),
    });
  }

  async #whyStored(id: string): Promise<readonly WaitReason[]> {
    try {
      return await this.#whyOf(await this.#load(id));
    } catch (error) {
      if (!isLoomError(error, 'LOOM_STORE_FAILED')) throw error;
      return [{ kind: 'store-unavailable', message: `The execution cannot be looked at: ${error.message}` }];
    }
  }

  async #whyOf(stored: StoredExecution): Promise<readonly WaitReason[]> {
    const { id } = stored;
    if (this.#of.live(id) !== undefined) return this.why(id);
    if (isFinal(stored.status)) return [];
    const failure = this.#of.failure(id, stored.seat);
    if (failure !== undefined) {
      return [{ kind: 'not-served', message: `The execution could not be picked up: ${failure.message}` }];
    }
    const plan = await this.#of.plans.pinned(stored.definition);
    const running = await runningNodes(this.#of.host, stored, plan);
    const state = JSON.parse(stored.state) as ExecutionState;
    const reasons = await this.#reasons({ plan, state, running });
    if (stored.seat !== undefined) return reasons;
    const message = 'No orchestrator serves the execution now; one that shares its store takes it over.';
    return [{ kind: 'not-served', message }, ...reasons];
  }

  async output(id: string, stage?: string): Promise<JsonValue> {
    const stored = await this.#load(id);
    const plan = await this.#of.plans.pinned(stored.definition);
    if (stage !== undefined && !plan.byId.has(stage)) {
      const known = plan.nodes.map((node) => `"${node.id}"`).join(', ');
      throw new LoomError('LOOM_NOT_FOUND', `Execution "${id}" has no stage "${stage}"; it has ${known}.`, {
        executionId: id,
        stage,
      });
    }
    const outputs = await loadOutputs(this.#of.host, stored, plan);
    return outputs(stage)?.copy() ?? null;
  }

  attach(id: string): Promise<ExecutionHandle> {
    return this.#of.attach(id);
  }

  async #reasons(waiting: Waiting): Promise<readonly WaitReason[]> {
    const outstanding = outstandingTasks(waiting);
    const { workers, routes, host } = this.#of;
    // What went to a lane has somebody there: it moves on when they are gone.
    const anywhere = outstanding.filter(({ sent }) => sent.lane === undefined).map(({ actor }) => actor);
    const [missing, groups] = await Promise.all([
      soon(host.clock, workers.missing([...new Set(anywhere)]), []),
      soon(host.clock, groupStates(routes, outstanding), []),
    ]);
    return waitReasons(waiting, {
      withoutWorker: new Set(missing.flatMap(({ type }) => type ?? [])),
      explain: (need) => workers.explain(need)?.message,
      groups,
      failure: (queue) => routes.failure(queue),
    });
  }

  async #load(id: string): Promise<StoredExecution> {
    await this.#of.ready();
    const stored = await this.#of.store.load(id);
    if (stored !== undefined) return stored;
    throw new LoomError('LOOM_NOT_FOUND', `There is no execution "${id}" here.`, { executionId: id });
  }
}

/** Between a question and the answer without what nobody could be asked about; milliseconds. */
const answerMs = 1_000;

/** What `asked` resolves to, or `otherwise` when that takes too long: a server may be away. */
async function soon<Value>(clock: Clock, asked: Promise<Value>, otherwise: Value): Promise<Value> {
  let cancel: () => void = () => undefined;
  const late = new Promise<Value>((resolve) => {
    cancel = clock.setTimer(answerMs, () => resolve(otherwise), { background: true });
  });
  return Promise.race([asked, late]).finally(() => cancel());
}

/** Of each group that any of the tasks belongs to; one that cannot be asked about is left out. */
async function groupStates(
  routes: Pick<TaskRoutes, 'group'>,
  outstanding: readonly Outstanding[],
): Promise<readonly GroupState[]> {
  const groups = new Map<string, Promise<readonly GroupState[]>>();
  for (const { actor, sent } of outstanding) {
    const { group } = sent;
    const id = `${actor}/${group?.key}`;
    if (group === undefined || groups.has(id)) continue;
    const asked = routes.group(actor, group.key)?.then(
      (stats) => [{ actor, group, stats }],
      () => [],
    );
    if (asked !== undefined) groups.set(id, asked);
  }
  return (await Promise.all(groups.values())).flat();
}
