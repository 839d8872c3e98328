import type { ExecutionStatus, NewExecution } from '@certoai/loom-core';
import { WakeQueue } from '../internal/wake-queue.js';
import type { EmbeddedDatabase } from './embedded-database.js';
import { LiveExecution, LiveNode } from './live-execution.js';

interface HeadRow {
  readonly sequence: number;
  readonly id: string;
  readonly version: number;
  readonly status: ExecutionStatus;
  readonly wake_at: number | null;
}

interface TaskRow {
  readonly node: string;
  readonly task: number;
  readonly kind: 'completed' | 'failed' | 'pending';
  readonly token: number;
}

/** Every unfinished execution, as the file has it once what is queued is written. */
export class LiveExecutions {
  readonly #byId = new Map<string, LiveExecution>();
  readonly #heads;
  readonly #lastSequence;
  readonly #tasks;
  #sleepers = new WakeQueue<LiveExecution>();
  #sequence = 0;

  constructor(database: EmbeddedDatabase) {
    this.#heads = database.prepare(
      `SELECT sequence, id, version, status, wake_at FROM executions WHERE status IN ('running', 'paused')`,
    );
    this.#lastSequence = database.prepare('SELECT coalesce(max(sequence), 0) AS sequence FROM executions');
    this.#tasks = database.prepare('SELECT node, task, kind, token FROM records WHERE execution = ?');
    this.load();
  }

  /** Reads all from the file anew. Claims that are held go on being held. */
  load(): void {
    const held = [...this.#byId.values()].filter(({ wakeAt, storedWakeAt }) => wakeAt !== storedWakeAt);
    this.#byId.clear();
    this.#sleepers = new WakeQueue();
    this.#sequence = this.#lastSequence.all<{ readonly sequence: number }>([])[0]?.sequence ?? 0;
    for (const { sequence, id, version, status, wake_at: wakeAt } of this.#heads.all<HeadRow>([])) {
      this.#byId.set(id, new LiveExecution(sequence, id, { version, status, wakeAt }));
    }
    for (const { id, wakeAt, storedWakeAt } of held) {
      const live = this.#byId.get(id);
      if (live && live.storedWakeAt === storedWakeAt) live.wakeAt = wakeAt;
    }
    for (const live of this.#byId.values()) this.#sleepers.moved(live);
  }

  get(id: string): LiveExecution | undefined {
    return this.#byId.get(id);
  }

  nextSequence(): number {
    return this.#sequence + 1;
  }

  add({ id, wakeAt, input }: NewExecution): void {
    this.#sequence += 1;
    const live = new LiveExecution(this.#sequence, id, { version: 1, status: 'running', wakeAt });
    live.nodes = new Map();
    live.payloadBytes = Buffer.byteLength(input);
    this.#byId.set(id, live);
    this.#sleepers.moved(live);
  }

  /** Forgets an execution that has finished. */
  remove(live: LiveExecution): void {
    live.wakeAt = null;
    this.#byId.delete(live.id);
  }

  node(live: LiveExecution, name: string): LiveNode {
    const nodes = live.nodes ?? this.#readNodes(live);
    const known = nodes.get(name);
    if (known) return known;
    const node = new LiveNode();
    nodes.set(name, node);
    return node;
  }

  /** Sets when it wakes: by the file, and by who asks now. */
  sleep(live: LiveExecution, storedWakeAt: number | null, wakeAt: number | null): void {
    live.storedWakeAt = storedWakeAt;
    if (live.wakeAt === wakeAt) return;
    live.wakeAt = wakeAt;
    this.#sleepers.moved(live);
  }

  claim(
    now: number,
    leaseMs: number,
    limit: number,
  ): { readonly ids: readonly string[]; readonly nextWakeAt: number | null } {
    const taken = this.#sleepers.take(now, now + leaseMs, limit);
    const nextWakeAt = this.#sleepers.next();
    for (const live of taken) this.#sleepers.moved(live);
    return { ids: taken.map(({ id }) => id), nextWakeAt };
  }

  #readNodes(live: LiveExecution): Map<string, LiveNode> {
    const nodes = (live.nodes = new Map<string, LiveNode>());
    for (const { node: name, task, kind, token } of this.#tasks.all<TaskRow>([live.sequence])) {
      const node = this.node(live, name);
      if (kind === 'pending') node.setToken(task, token);
      else node.finish(task, kind);
    }
    return nodes;
  }
}
