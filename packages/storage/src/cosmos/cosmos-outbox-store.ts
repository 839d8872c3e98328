import { LoomError } from '@certoai/loom-core';
import type {
  OutboxClaim,
  OutboxClaimRequest,
  OutboxOutcome,
  OutboxParked,
  OutboxState,
  OutboxStats,
  OutboxStep,
  OutboxStepReply,
  OutboxStore,
} from '@certoai/loom-core';
import {
  CosmosCalls,
  CosmosContainer,
  cosmosContainers,
  cosmosDatabaseName,
  type CosmosCallOptions,
  type CosmosClientLike,
} from '@certoai/loom-core/cosmos';
import { OutboxClaims } from './outbox-claims.js';
import { OutboxCommits } from './outbox-commits.js';
import { stateId, type StateItem } from './outbox-items.js';
import { OutboxParking } from './outbox-parking.js';
import { OutboxPartition } from './outbox-partition.js';
import { OutboxSettlements } from './outbox-settlements.js';

const maxPartitionLength = 256;
const counting = 'count the messages of the outbox';

export interface CosmosOutboxStoreOptions extends CosmosCallOptions {
  /** Name of the database. @default loom */
  readonly database?: string | undefined;
  /** Name of the account, for the commands in error messages. */
  readonly account?: string | undefined;
  /**
   * Name of the outbox, which is its partition key: what is committed together is in one partition, which has at most
   * 10 000 RU/s and 20 GB. Outboxes of other names share nothing with it. 1 to 256 characters. @default outbox
   */
  readonly partition?: string | undefined;
}

/**
 * An outbox in Cosmos DB, for any number of processes. All of it is one logical partition, as a commit may be about
 * any keys together and a batch is about one partition; a commit is one batch, done once also when its answer is
 * lost. When it is given up, the outcome is not known. Commits with messages go one after the other, so that their
 * numbers are in the order of the commits. Leases and ages are by the clocks of the processes: one whose clock is
 * ahead takes over too early by that much, which costs a second send and breaks nothing.
 */
export class CosmosOutboxStore implements OutboxStore {
  readonly capabilities = { durable: true, shared: true };
  readonly #partition: OutboxPartition;
  readonly #commits: OutboxCommits;
  readonly #claims: OutboxClaims;
  readonly #settlements: OutboxSettlements;
  readonly #parking: OutboxParking;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /**
   * @param client - stays open when the store is closed
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(client: CosmosClientLike, options: CosmosOutboxStoreOptions = {}) {
    const { database = cosmosDatabaseName, account, partition = 'outbox', random = Math.random } = options;
    checkPartition(partition);
    const calls = new CosmosCalls(options);
    const items = new CosmosContainer(client, { account, database }, cosmosContainers.outbox, calls);
    this.#partition = new OutboxPartition(items, partition, calls.clock, random);
    this.#commits = new OutboxCommits(this.#partition, calls.callMs);
    this.#claims = new OutboxClaims(this.#partition);
    this.#settlements = new OutboxSettlements(this.#partition);
    this.#parking = new OutboxParking(this.#partition);
  }

  /**
   * @throws LoomError `LOOM_INVALID_OPTION` beyond 100 operations, which are one for each write, two for each key of
   *   messages, and three more; `LOOM_PAYLOAD_TOO_LARGE` beyond 1.5 MB as it is sent
   */
  commit(step: OutboxStep): Promise<OutboxStepReply> {
    return this.#run(() => this.#commits.commit(step));
  }

  read(key: string): Promise<OutboxState | undefined> {
    return this.#run(async () => {
      const item = await this.#partition.read<StateItem>('read a state of the outbox', stateId(key));
      return item && { value: item.document.value, version: item.document.version };
    });
  }

  claim(request: OutboxClaimRequest): Promise<OutboxClaim> {
    return this.#run(() => this.#claims.claim(request));
  }

  settle(token: string, outcomes: readonly OutboxOutcome[]): Promise<void> {
    return this.#run(() => this.#settlements.settle(token, outcomes));
  }

  parked({
    limit,
    after = '0',
  }: {
    readonly limit: number;
    readonly after?: string | undefined;
  }): Promise<readonly OutboxParked[]> {
    return this.#run(() => this.#parking.list(limit, after));
  }

  unpark(action: 'retry' | 'discard', ids?: readonly string[]): Promise<number> {
    return this.#run(() => this.#parking.unpark(action, ids));
  }

  /** Looks at everything that waits. */
  stats(): Promise<OutboxStats> {
    return this.#run(async () => {
      const [waiting, parked, [oldest]] = await Promise.all([
        this.#sum('SELECT VALUE SUM(c.waiting) FROM c WHERE c.first > 0'),
        this.#sum('SELECT VALUE COUNT(1) FROM c WHERE c.parked > 0'),
        this.#partition.first<number>(
          counting,
          'SELECT VALUE c.since FROM c WHERE c.first > 0 ORDER BY c.first',
          [],
          1,
        ),
      ]);
      const oldestAgeMs = oldest === undefined ? null : Math.max(0, this.#partition.clock.now() - oldest);
      return { waiting, parked, oldestAgeMs };
    });
  }

  /** Waits for calls under way. */
  close(): Promise<void> {
    return (this.#closing ??= Promise.allSettled(this.#running).then(() => undefined));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Of an aggregate, which may come in parts. */
  async #sum(query: string): Promise<number> {
    const parts = await this.#partition.first<number>(counting, query, [], Infinity);
    return parts.reduce((sum, part) => sum + part, 0);
  }

  #run<Reply>(call: () => Promise<Reply>): Promise<Reply> {
    if (this.#closing) {
      const message = 'The outbox store is closed. Make a new one to go on.';
      return Promise.reject(new LoomError('LOOM_CLOSED', message));
    }
    const running = call();
    this.#running.add(running);
    const end = (): void => void this.#running.delete(running);
    running.then(end, end);
    return running;
  }
}

function checkPartition(partition: unknown): void {
  const isText = typeof partition === 'string';
  if (isText && partition.length >= 1 && partition.length <= maxPartitionLength) return;
  const shown = isText ? JSON.stringify(partition.slice(0, 60)) : String(partition);
  const message = `partition is ${shown}; give text of 1 to ${maxPartitionLength} characters.`;
  throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'partition' });
}
