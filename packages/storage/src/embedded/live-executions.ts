import type { ClaimReply, ClaimRequest, Clock, ExecutionStatus, NewExecution } from '@certoai/loom-core';
import { ClaimDesk } from '../internal/claim-desk.js';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';
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
  readonly #seats;
  readonly #setSeats;
  readonly #clock: Clock;
  #desk: ClaimDesk;
  #sequence = 0;

  constructor(database: EmbeddedDatabase) {
    this.#heads = database.prepare(
      `SELECT sequence, id, version, status, wake_at FROM executions WHERE status IN ('running', 'paused')`,
    );
    this.#lastSequence = database.prepare('SELECT coalesce(max(sequence), 0) AS sequence FROM executions');
    this.#tasks = database.prepare('SELECT node, task, kind, token FROM records WHERE execution = ?');
    this.#seats = database.prepare('SELECT count FROM seats');
    this.#setSeats = database.prepare('INSERT OR REPLACE INTO seats (id, count) VALUES (1, ?)');
    this.#clock = database.clock;
    this.#desk = new ClaimDesk(this.#clock);
    this.load();
  }

  /**
   * Reads all from the file anew. Nobody holds anything then: a claim that was lost with a transaction would
   * leave an execution with a holder that does not know of it.
   */
  load(): void {
    this.#byId.clear();
    this.#desk = new ClaimDesk(this.#clock, this.#seats.all<{ readonly count: number }>([])[0]?.count);
    this.#sequence = this.#lastSequence.all<{ readonly sequence: number }>([])[0]?.sequence ?? 0;
    for (const { sequence, id, version, status, wake_at: wakeAt } of this.#heads.all<HeadRow>([])) {
      const live = new LiveExecution(sequence, id, { version, status, wakeAt });
      this.#byId.set(id, live);
      this.#desk.add(live, undefined);
    }
  }

  get(id: string): LiveExecution | undefined {
    return this.#byId.get(id);
  }

  nextSequence(): number {
    return this.#sequence + 1;
  }

  add({ id, wakeAt, input, holder }: NewExecution): void {
    this.#sequence += 1;
    const live = new LiveExecution(this.#sequence, id, { version: 1, status: 'running', wakeAt });
    live.nodes = new Map();
    live.payloadBytes = Buffer.byteLength(input);
    this.#byId.set(id, live);
    this.#desk.add(live, holder);
  }

  /** Forgets an execution that has finished. */
  remove(live: LiveExecution): void {
    this.#desk.remove(live);
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

  setWakeAt(live: LiveExecution, wakeAt: number | null): void {
    live.wakeAt = wakeAt;
    this.#desk.moved(live);
  }

  claim(request: ClaimRequest, transaction: Transaction): ClaimReply {
    const { seats } = this.#desk;
    const reply = this.#desk.claim(request);
    if (this.#desk.seats !== seats) transaction.run(this.#setSeats, [this.#desk.seats]);
    return reply;
  }

  /** Whether `holder` may not write, because somebody else has the execution. */
  refuses(live: LiveExecution, holder: string | undefined): boolean {
    return this.#desk.refuses(live, holder);
  }

  /** @returns whether `holder` held it */
  release(live: LiveExecution, holder: string, wakeAt: number | null): boolean {
    return this.#desk.release(live, holder, wakeAt);
  }

  leave(holder: string): void {
    this.#desk.leave(holder);
  }

  seatOf(live: LiveExecution): number | undefined {
    return this.#desk.seatOf(live);
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
