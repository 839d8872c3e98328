import { LoomError, type OutboxOutcome } from '@certoai/loom-core';
import type { CosmosOperation } from '@certoai/loom-core/cosmos';
import {
  batchesOf,
  groupedBy,
  maxSheaves,
  operationsOf,
  putSheaf,
  type BatchUnit,
} from './outbox-batches.js';
import { sheafIdOf, type SheafItem } from './outbox-items.js';
import { needsLater, settledSheaf } from './outbox-moves.js';
import { maxLater, type OutboxPartition } from './outbox-partition.js';

const settling = 'settle messages of the outbox';
/** Rounds of a settlement against commits, each of which is through. */
const maxRounds = 200;

interface Settling extends BatchUnit {
  readonly outcomes: readonly OutboxOutcome[];
}

/** What becomes of claimed messages. Done again it changes nothing, as the lanes have been given back. */
export class OutboxSettlements {
  readonly #partition: OutboxPartition;

  constructor(partition: OutboxPartition) {
    this.#partition = partition;
  }

  async settle(token: string, outcomes: readonly OutboxOutcome[]): Promise<void> {
    let open = outcomes;
    for (let round = 1; round <= maxRounds && open.length > 0; round += 1) {
      await this.#partition.pauseBefore(round);
      const units = await Promise.all(
        [...groupedBy(open, ({ lane }) => sheafIdOf(lane))].map(([id, own]) =>
          this.#settlement(id, token, own),
        ),
      );
      const batches = batchesOf(
        units.filter((unit) => unit !== undefined),
        round === 1 ? maxSheaves : 1,
      );
      const refused = await Promise.all(batches.map((batch) => this.#refused(batch)));
      open = refused.flat();
    }
    if (open.length === 0) return;
    const message = `Cosmos DB could not ${settling} "${this.#partition.pk}": others were first ${maxRounds} times. What is not settled is claimed again when its lease ends.`;
    throw new LoomError('LOOM_STORE_FAILED', message, { partition: this.#partition.pk });
  }

  /** @returns undefined when the claim has nothing of it any more */
  async #settlement(
    id: string,
    token: string,
    outcomes: readonly OutboxOutcome[],
  ): Promise<Settling | undefined> {
    const item = await this.#partition.read<SheafItem>(settling, id);
    if (item === undefined) return undefined;
    const { document: before, etag } = item;
    const names = new Set(before.lanes.flatMap((lane) => (lane.token === token ? [lane.name] : [])));
    const held = outcomes.filter(({ lane }) => names.has(lane));
    if (held.length === 0) return undefined;
    const beyond = held.find((outcome) => needsLater(before, outcome));
    const later =
      beyond && (await this.#partition.later(settling, id, Math.min(beyond.sent.length, maxLater) + 2));
    const now = this.#partition.clock.now();
    const { sheaf, removed, parked } = settledSheaf(before, held, later ?? [], now);
    const operations: CosmosOperation[] = [putSheaf(sheaf, etag)];
    for (const more of removed) operations.push({ operationType: 'Delete', id: more.id });
    for (const one of parked) operations.push({ operationType: 'Create', resourceBody: one });
    return { outcomes: held, operations };
  }

  /** Writes a batch. @returns what has to be settled anew, as something in it was changed meanwhile */
  async #refused(batch: readonly Settling[]): Promise<readonly OutboxOutcome[]> {
    const { kind } = await this.#partition.batch(settling, operationsOf(batch));
    return kind === 'done' ? [] : batch.flatMap(({ outcomes }) => outcomes);
  }
}
