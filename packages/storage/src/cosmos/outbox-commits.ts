import { randomUUID } from 'node:crypto';
import { LoomError, type OutboxStep, type OutboxStepReply } from '@certoai/loom-core';
import { checkOperations, commitOperations } from './outbox-commit-plan.js';
import {
  headId,
  keySheafId,
  stateId,
  type CommitItem,
  type HeadItem,
  type StateItem,
} from './outbox-items.js';
import type { OutboxPartition } from './outbox-partition.js';

const doing = 'commit to the outbox';
/** Longer than a request can be on its way. Seconds. */
const markerTtl = 600;
/** Rounds of a commit against others: in each of them one is through. */
const maxRounds = 200;

/**
 * Commits to one partition, each a batch. Its first operation creates an item with a name that only this commit has,
 * so that one whose answer was lost meets that when it is sent again. Messages take their numbers from the one head,
 * so commits with messages come one after the other, here and among processes.
 */
export class OutboxCommits {
  readonly #partition: OutboxPartition;
  readonly #maxMs: number;
  #turns: Promise<unknown> = Promise.resolve();
  /** The last number given, as far as it is known here. */
  #last: number | undefined;
  /** Others commit as well, so what is known here is likely to be wrong. */
  #hasRivals = false;

  /** @param maxMs - how long a commit may wait for those before it */
  constructor(partition: OutboxPartition, maxMs: number) {
    this.#partition = partition;
    this.#maxMs = maxMs;
  }

  async commit(step: OutboxStep): Promise<OutboxStepReply> {
    if (step.writes.length + step.messages.length === 0) return { committed: true, versions: [] };
    checkOperations(step);
    const id = `commit.${randomUUID()}`;
    const endsAt = this.#partition.clock.now() + this.#maxMs;
    for (let round = 1; round <= maxRounds && this.#partition.clock.now() < endsAt; round += 1) {
      await this.#partition.pauseBefore(round);
      const attempt = (): Promise<OutboxStepReply | undefined> => this.#try(id, step, endsAt);
      const reply = await (step.messages.length === 0 ? attempt() : this.#inTurn(attempt));
      if (reply !== undefined) return reply;
    }
    const { pk: partition } = this.#partition;
    const message = `A commit to the outbox "${partition}" was not written: others were before it for too long. Try again later, raise callMs (now ${this.#maxMs}), or use more outboxes.`;
    throw new LoomError('LOOM_STORE_FAILED', message, { partition });
  }

  /** @returns undefined when it is too late, or when what was known is no longer so */
  async #try(id: string, step: OutboxStep, endsAt: number): Promise<OutboxStepReply | undefined> {
    if (this.#partition.clock.now() >= endsAt) return undefined;
    const { writes, messages } = step;
    const keys = new Set(messages.flatMap(({ key }) => (key === undefined ? [] : [key])));
    const [versions, busy, last] = await Promise.all([
      Promise.all(writes.map(async ({ key, ifVersion }) => ifVersion ?? this.#versionOf(key))),
      this.#busyAmong(keys),
      messages.length > 0 ? this.#lastNumber() : 0,
    ]);
    const after = versions.map((version) => version + 1);
    const marker = { id, pk: this.#partition.pk, ttl: markerTtl, versions: after } satisfies CommitItem;
    const operations = commitOperations(marker, step, { versions, busy, last }, this.#partition.clock.now());
    const answer = await this.#partition.batch(doing, operations);
    const isOver = answer.kind === 'done';
    if (isOver && messages.length > 0) this.#last = last + messages.length;
    if (isOver) return { committed: true, versions: after };
    const { refused = -1, inDoubt } = answer;
    if (inDoubt || refused === 0) {
      const done = await this.#partition.read<CommitItem>(doing, id);
      if (done !== undefined) return { committed: true, versions: done.document.versions };
    }
    if (refused === writes.length + 1) {
      this.#hasRivals = true;
      this.#last = undefined;
    }
    const write = writes[refused - 1];
    if (write?.ifVersion === undefined) return undefined;
    const version = await this.#versionOf(write.key);
    return version === write.ifVersion ? undefined : { committed: false, key: write.key, version };
  }

  async #versionOf(key: string): Promise<number> {
    const state = await this.#partition.read<StateItem>(doing, stateId(key));
    return state?.document.version ?? 0;
  }

  async #busyAmong(keys: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const busy = new Set<string>();
    const look = async (key: string): Promise<void> => {
      if ((await this.#partition.read(doing, keySheafId(key))) !== undefined) busy.add(key);
    };
    await Promise.all([...keys].map(look));
    return busy;
  }

  async #lastNumber(): Promise<number> {
    if (this.#last !== undefined && !this.#hasRivals) return this.#last;
    const head = await this.#partition.read<HeadItem>(doing, headId);
    const last = head?.document.last ?? 0;
    this.#hasRivals = this.#last !== last && this.#hasRivals;
    return last;
  }

  #inTurn<Reply>(work: () => Promise<Reply>): Promise<Reply> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => undefined);
    return turn;
  }
}
