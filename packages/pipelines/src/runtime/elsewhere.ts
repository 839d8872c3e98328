import { isLoomError, LoomError, type StoredExecution } from '@certoai/loom-core';
import type { ControlRequest } from '../engine/decide.js';
import { isFinal, type ExecutionState } from '../engine/state.js';
import type { ExecutionHost } from './execution-host.js';
import type { Inbox } from './inbox.js';
import type { Ending } from './awaited-end.js';
import type { LiveExecution } from './live-execution.js';
import type { PlanCache } from './plan-cache.js';
import type { RemoteEvents } from './remote-events.js';
import { loadOutputs } from './revive.js';

export interface ElsewhereOptions {
  readonly host: ExecutionHost;
  readonly plans: PlanCache;
  /** Absent: other orchestrators cannot be reached. */
  readonly inbox: Inbox | undefined;
  readonly live: (id: string) => LiveExecution | undefined;
  /** Brings an execution to life that this orchestrator holds. */
  readonly revive: (id: string) => Promise<void>;
  readonly seat: () => number | undefined;
  /** Absent: nobody tells what happens there. */
  readonly events: RemoteEvents | undefined;
}

/** Between two looks at an execution that somebody waits for: at first, and at last. */
const firstLookMs = 20;
const lastLookMs = 1_000;

/**
 * Executions that are served by other orchestrators, or by nobody just now: how they end, and what callers
 * here want of them. Whoever waits looks at the store, less and less often.
 */
export class Elsewhere {
  readonly #options: ElsewhereOptions;
  readonly #endings = new Map<string, Promise<Ending>>();
  readonly #wake = new Set<() => void>();
  #closed = false;

  constructor(options: ElsewhereOptions) {
    this.#options = options;
  }

  /** How an execution ends. @throws LoomError `LOOM_NOT_FOUND` when it was removed, `LOOM_CLOSED` */
  follow(id: string): Promise<Ending> {
    const known = this.#endings.get(id);
    if (known !== undefined) return known;
    const ending = this.#follow(id).finally(() => this.#endings.delete(id));
    ending.catch(() => undefined);
    this.#endings.set(id, ending);
    return ending;
  }

  /** Brings an execution to life again that is held here and was let go of. Does not reject. */
  async readAnew(id: string): Promise<void> {
    const { live, seat, revive } = this.#options;
    try {
      for (const delays = looks(); ;) {
        if (live(id) !== undefined) return;
        await this.#sleep(id, delays.next().value);
        const stored = await this.#load(id);
        if (isFinal(stored.status)) return;
        // Without one, a lease has ended that may still be renewed: ours, for example, after an outage.
        if (stored.seat === undefined) continue;
        return stored.seat === seat() ? await revive(id) : undefined;
      }
    } catch (error) {
      // This process closes, or the execution was removed.
      this.#options.host.logger.debug('Execution is not read again', { executionId: id, error });
    }
  }

  /** Resolves when what was asked for is stored, or the execution has ended. @throws as {@link follow} */
  async ask(id: string, request: ControlRequest): Promise<void> {
    let asked: number | 'nobody' | undefined;
    for (const delays = looks(); ;) {
      const live = this.#options.live(id);
      if (live !== undefined) {
        try {
          return await live.request(request);
        } catch (error) {
          if (!isLoomError(error, 'LOOM_CONFLICT')) throw error;
        }
      }
      const { status, seat } = await this.#load(id);
      if (isFinal(status) || isServed(request, status)) return;
      const whom = seat ?? 'nobody';
      if (whom !== asked) {
        if (this.#options.inbox === undefined) throw unreachable(id);
        await this.#options.inbox.send(seat, { executionId: id, control: request });
        asked = whom;
      }
      await this.#sleep(id, delays.next().value);
    }
  }

  close(): void {
    this.#closed = true;
    for (const wake of this.#wake) wake();
  }

  async #follow(id: string): Promise<Ending> {
    const { host, plans, live, seat, revive } = this.#options;
    for (const delays = looks(); ;) {
      const here = live(id);
      if (here !== undefined) {
        this.#options.events?.livesHere(here);
        return here.ended;
      }
      const stored = await this.#load(id);
      const state = JSON.parse(stored.state) as ExecutionState;
      if (isFinal(stored.status)) {
        if (state.status !== 'completed') return { state, output: undefined };
        const plan = await plans.pinned(stored.definition);
        return { state, output: (await loadOutputs(host, stored, plan))() };
      }
      this.#options.events?.seen(id, stored.seat);
      // Held here and not alive: what was known of it was old.
      if (stored.seat !== undefined && stored.seat === seat()) await revive(id);
      if (live(id) === undefined) await this.#sleep(id, delays.next().value);
    }
  }

  async #load(id: string): Promise<StoredExecution> {
    for (const delays = looks(); ;) {
      try {
        const stored = await this.#options.host.store.load(id);
        if (stored !== undefined) return stored;
        throw new LoomError('LOOM_NOT_FOUND', `There is no execution "${id}" here.`, { executionId: id });
      } catch (error) {
        // An outage ends, and who waits for an execution waits for that too.
        if (!isLoomError(error, 'LOOM_STORE_FAILED')) throw error;
        await this.#sleep(id, delays.next().value);
      }
    }
  }

  async #sleep(id: string, delayMs: number): Promise<void> {
    if (!this.#closed) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wake.delete(wake);
          cancel();
          resolve();
        };
        const cancel = this.#options.host.clock.setTimer(delayMs, wake);
        this.#wake.add(wake);
      });
    }
    if (!this.#closed) return;
    const message = `The orchestrator closed while it waited for execution "${id}", which goes on elsewhere.`;
    throw new LoomError('LOOM_CLOSED', message, { executionId: id });
  }
}

/** Milliseconds to wait after each look: more and more, without end. */
function* looks(): Generator<number, never> {
  for (let delayMs = firstLookMs; ; delayMs = Math.min(delayMs * 2, lastLookMs)) yield delayMs;
}

function isServed(request: ControlRequest, status: StoredExecution['status']): boolean {
  return request.kind === 'pause' ? status === 'paused' : request.kind === 'resume' && status === 'running';
}

function unreachable(id: string): LoomError {
  const message = `Execution "${id}" is served by another orchestrator, which can only be reached by a queue. Give this orchestrator the queue that the other has.`;
  return new LoomError('LOOM_UNSUPPORTED', message, { executionId: id });
}
