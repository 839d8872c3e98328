import { LoomError } from '@certoai/loom-core';
import type {
  OutboxClaim,
  OutboxClaimRequest,
  OutboxEntry,
  OutboxOutcome,
  OutboxParked,
  OutboxState,
  OutboxStats,
  OutboxStep,
  OutboxStepReply,
  OutboxStore,
} from '@certoai/loom-core';
import type { KeptEntry, OutboxKeeper, OutboxRows } from './outbox-keeper.js';
import { OutboxLanes } from './outbox-lanes.js';

/** An outbox of one process: its lanes and leases are in memory, and a keeper has what must not be lost. */
export class LocalOutboxStore implements OutboxStore {
  readonly #keeper: OutboxKeeper;
  #lanes = new OutboxLanes();
  #sequence = 0;
  #isClosed = false;

  constructor(keeper: OutboxKeeper) {
    this.#keeper = keeper;
    this.#load();
    keeper.onReload(() => this.#load());
  }

  get capabilities(): { readonly durable: boolean; readonly shared: boolean } {
    return this.#keeper.capabilities;
  }

  commit({ writes, messages }: OutboxStep): Promise<OutboxStepReply> {
    return this.#enqueue((rows) => {
      const versions: number[] = [];
      for (const { key, ifVersion } of writes) {
        const version = rows.state(key)?.version ?? 0;
        if (ifVersion !== undefined && ifVersion !== version) return { committed: false, key, version };
        versions.push(version + 1);
      }
      for (const [place, { key, value }] of writes.entries())
        rows.setState(key, { value, version: versions[place] as number });
      this.add(messages, rows);
      return { committed: true, versions };
    });
  }

  /** Within an operation of the keeper: stores messages in the step of another store. */
  add(messages: readonly OutboxEntry[], rows: OutboxRows): void {
    const committedAt = this.#keeper.clock.now();
    for (const { key, content } of messages) {
      const sequence = (this.#sequence += 1);
      const entry: KeptEntry = { sequence, key, committedAt, attempts: 0, parked: undefined };
      rows.insert(entry, content);
      this.#lanes.add(entry);
    }
  }

  read(key: string): Promise<OutboxState | undefined> {
    return this.#enqueue((rows) => rows.state(key));
  }

  claim({ token, leaseMs, limit }: OutboxClaimRequest): Promise<OutboxClaim> {
    return this.#enqueue((rows) => {
      const now = this.#keeper.clock.now();
      const claimed = this.#lanes.claim(token, now, now + leaseMs, limit);
      const lanes = claimed.map(({ name, entries }) => ({
        lane: name,
        messages: entries.map(({ sequence, attempts, committedAt }) => ({
          id: String(sequence),
          content: rows.content(sequence),
          attempts,
          ageMs: Math.max(0, now - committedAt),
        })),
      }));
      const next = this.#lanes.next();
      return { lanes, nextMs: next === null ? null : Math.max(0, next - now) };
    });
  }

  settle(token: string, outcomes: readonly OutboxOutcome[]): Promise<void> {
    return this.#enqueue((rows) => {
      const now = this.#keeper.clock.now();
      for (const { lane, sent, failed } of outcomes) {
        if (!this.#lanes.isHeld(lane, token)) continue;
        for (const id of sent) this.#remove(this.#lanes.entry(id), rows);
        const entry = failed && this.#lanes.entry(failed.id);
        if (entry) {
          entry.attempts = failed.attempts;
          if (failed.kind === 'park')
            this.#lanes.park(entry, { at: now, reason: failed.reason, blocks: failed.blocks });
          rows.update(entry);
        }
        this.#lanes.release(lane, failed?.kind === 'retry' ? now + failed.delayMs : undefined);
      }
    });
  }

  parked({
    limit,
    after = '0',
  }: {
    readonly limit: number;
    readonly after?: string | undefined;
  }): Promise<readonly OutboxParked[]> {
    return this.#enqueue((rows) =>
      this.#lanes.parked(Number(after), limit).map(({ sequence, key, attempts, committedAt, parked }) => ({
        id: String(sequence),
        key,
        content: rows.content(sequence),
        attempts,
        reason: parked.reason,
        blocks: parked.blocks,
        committedAt,
        parkedAt: parked.at,
      })),
    );
  }

  unpark(action: 'retry' | 'discard', ids?: readonly string[]): Promise<number> {
    return this.#enqueue((rows) => {
      const chosen = ids
        ? [...new Set(ids)].map((id) => this.#lanes.entry(id))
        : this.#lanes.parked(0, Number.MAX_SAFE_INTEGER);
      const entries = chosen.filter((entry) => entry?.parked !== undefined) as KeptEntry[];
      for (const entry of entries) {
        if (action === 'discard') this.#remove(entry, rows);
        else {
          this.#lanes.unpark(entry);
          rows.update(entry);
        }
      }
      return entries.length;
    });
  }

  stats(): Promise<OutboxStats> {
    return this.#enqueue(() => {
      const { waiting, parked, oldest } = this.#lanes.counts();
      const oldestAgeMs = oldest ? Math.max(0, this.#keeper.clock.now() - oldest.committedAt) : null;
      return { waiting, parked, oldestAgeMs };
    });
  }

  /** Waits for what was asked for before. */
  async close(): Promise<void> {
    const last = this.#isClosed ? undefined : this.#keeper.enqueue(() => undefined);
    this.#isClosed = true;
    await last?.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #remove(entry: KeptEntry | undefined, rows: OutboxRows): void {
    if (!entry) return;
    rows.remove(entry.sequence);
    this.#lanes.remove(entry);
  }

  #load(): void {
    this.#lanes = new OutboxLanes();
    this.#sequence = Math.max(this.#sequence, this.#keeper.lastSequence());
    for (const entry of this.#keeper.load()) this.#lanes.add(entry);
  }

  #enqueue<Reply>(apply: (rows: OutboxRows) => Reply): Promise<Reply> {
    if (!this.#isClosed) return this.#keeper.enqueue(apply);
    return Promise.reject(
      new LoomError('LOOM_CLOSED', 'The outbox store is closed. Open a new one to go on.'),
    );
  }
}
