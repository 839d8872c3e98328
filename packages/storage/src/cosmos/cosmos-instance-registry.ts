import { isDeepStrictEqual } from 'node:util';
import { createIdSource, LoomError, type ActorInstance, type IdSource } from '@certoai/loom-core';
import type {
  InstanceChange,
  InstanceListOptions,
  InstanceRegistry,
  InstanceUpdate,
  InstanceWatchOptions,
} from '@certoai/loom-core';
import {
  CosmosCalls,
  CosmosContainer,
  cosmosContainers,
  cosmosDatabaseName,
  cosmosId,
  leaseNews,
  noLeaseHistory,
  WatchByLooking,
  withLeaseHistory,
  type CosmosCallOptions,
  type CosmosClientLike,
  type CosmosItem,
  type CosmosPlace,
  type KnownLease,
  type LeasedItem,
} from '@certoai/loom-core/cosmos';
import { checkInstance, checkInstanceId, checkLeaseMs, checkUpdate } from '../internal/instance-input.js';

export interface CosmosInstanceRegistryOptions extends CosmosCallOptions {
  /** Name of the database. @default loom */
  readonly database?: string | undefined;
  /** Name of the account, for the commands in error messages. */
  readonly account?: string | undefined;
  /**
   * How long an instance stays without a heartbeat. Milliseconds, 1 or more: well above the time by which the clocks
   * of the workers differ, since each of them reads its own. @default 30_000
   */
  readonly leaseMs?: number | undefined;
}

interface InstanceItem extends LeasedItem<ActorInstance> {
  types: readonly string[];
  /** Says whose write this is. */
  token: string;
}

/** Live instances in Cosmos DB: one item each, in a partition of its own, changed under its ETag or by a patch. */
export class CosmosInstanceRegistry implements InstanceRegistry {
  readonly leaseMs: number;
  protected readonly calls: CosmosCalls;
  protected readonly place: CosmosPlace;
  protected readonly ids: IdSource;
  readonly #items: CosmosContainer;
  readonly #known = new Map<string, KnownLease<ActorInstance>>();
  readonly #watch: WatchByLooking<InstanceChange>;
  #isClosed = false;

  /**
   * @param client - stays open when the registry is closed
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(client: CosmosClientLike, options: CosmosInstanceRegistryOptions = {}) {
    const { database = cosmosDatabaseName, account, leaseMs = 30_000 } = options;
    this.leaseMs = checkLeaseMs(leaseMs);
    this.calls = new CosmosCalls(options);
    this.place = { account, database };
    this.ids = createIdSource({ clock: this.calls.clock });
    this.#items = new CosmosContainer(client, this.place, cosmosContainers.actorInstances, this.calls);
    this.#watch = new WatchByLooking({
      clock: this.calls.clock,
      everyMs: this.leaseMs / 3,
      look: () => this.#look(),
      forget: () => this.#known.clear(),
    });
  }

  async register(instance: ActorInstance): Promise<{ readonly replaced: boolean }> {
    this.checkOpen();
    const checked = checkInstance(instance);
    const { now, id, ttl } = this.#write(checked.id);
    const token = this.ids.next();
    for (;;) {
      const before = await this.#read(id);
      const replaced = before !== undefined && before.document.endsAt > now;
      const { rev, endsAt } = before?.document ?? { rev: 0, endsAt: 0 };
      const past = replaced
        ? before.document
        : withLeaseHistory<ActorInstance>(
            { rev, history: noLeaseHistory },
            endsAt > 0 ? [{ at: endsAt, gone: 'lease-ended' }] : [],
          );
      const isSame = replaced && isDeepStrictEqual(before.document.instance, checked);
      const item: InstanceItem = {
        ...{ id, pk: id, ttl, token },
        types: [...new Set(checked.actors.map(({ type }) => type))],
        instance: checked,
        endsAt: now + this.leaseMs,
        ...withLeaseHistory<ActorInstance>(past, isSame ? [] : [{ at: now, set: checked }]),
      };
      const answer = before
        ? await this.#items.replace('register an instance', item, before.etag)
        : await this.#items.create('register an instance', item);
      if (answer.kind === 'done' || (answer.inDoubt && (await this.#read(id))?.document.token === token)) {
        this.#watch.poke();
        return { replaced };
      }
    }
  }

  async heartbeat(id: string, update: InstanceUpdate = {}): Promise<{ readonly known: boolean }> {
    this.checkOpen();
    checkInstanceId(id);
    checkUpdate(update);
    const { now, id: itemId } = this.#write(id);
    const { status, slots } = update;
    const changed = {
      ...(status && { status }),
      ...(slots && { slots: { used: slots.used, total: slots.total } }),
    };
    const changes = Object.entries(changed);
    const operations = changes.map(([field, value]) => ({
      op: 'set' as const,
      path: `/instance/${field}`,
      value,
    }));
    // Applied twice, it says the same thing twice, which is no change to who watches.
    const shift = [
      { op: 'remove' as const, path: '/history/0' },
      { op: 'add' as const, path: '/history/-', value: { at: now, changed } },
      { op: 'incr' as const, path: '/rev', value: 1 },
    ];
    const answer = await this.#items.patch('renew a lease', itemId, itemId, {
      operations: [
        { op: 'set', path: '/endsAt', value: now + this.leaseMs },
        ...operations,
        ...(changes.length > 0 ? shift : []),
      ],
      condition: `FROM c WHERE c.endsAt > ${now}`,
    });
    if (changes.length > 0) this.#watch.poke();
    return { known: answer.kind === 'done' };
  }

  async deregister(id: string): Promise<{ readonly known: boolean }> {
    this.checkOpen();
    checkInstanceId(id);
    const { now, id: itemId, ttl } = this.#write(id);
    const token = this.ids.next();
    for (;;) {
      const before = await this.#read(itemId);
      if (before?.document.token === token) return { known: true };
      if (before === undefined || before.document.endsAt <= now) return { known: false };
      const { document, etag } = before;
      const ended = withLeaseHistory<ActorInstance>(document, [{ at: now, gone: 'deregistered' }]);
      const item = { ...document, ...ended, endsAt: 0, ttl, token };
      const answer = await this.#items.replace('deregister an instance', item, etag);
      if (answer.kind !== 'done') continue;
      this.#watch.poke();
      return { known: true };
    }
  }

  async list({ actorType }: InstanceListOptions = {}): Promise<readonly ActorInstance[]> {
    this.checkOpen();
    const ofType = actorType === undefined ? '' : ' AND ARRAY_CONTAINS(c.types, @type)';
    const found = await this.#items.rows<ActorInstance>('list instances', {
      query: `SELECT VALUE c.instance FROM c WHERE c.endsAt > @now${ofType}`,
      parameters: [
        { name: '@now', value: this.calls.clock.now() },
        ...(actorType === undefined ? [] : [{ name: '@type', value: actorType }]),
      ],
    });
    return found.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  }

  async watch(
    listener: (change: InstanceChange) => void,
    { signal }: InstanceWatchOptions = {},
  ): Promise<() => void> {
    this.checkOpen();
    signal?.throwIfAborted();
    return this.#watch.add(listener, signal, () => this.checkOpen());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected checkOpen(): void {
    if (this.#isClosed) throw new LoomError('LOOM_CLOSED', 'The actor registry is closed.');
  }

  #read(id: string): Promise<CosmosItem<InstanceItem> | undefined> {
    return this.#items.read<InstanceItem>('read an instance', id, id);
  }

  /** The time to live outlasts the lease, so that every watcher has looked meanwhile. */
  #write(instanceId: string): { readonly now: number; readonly id: string; readonly ttl: number } {
    const ttl = Math.ceil(this.leaseMs / 1_000) * 3 + 60;
    return { now: this.calls.clock.now(), id: cosmosId(instanceId), ttl };
  }

  async #look() {
    const query = { query: 'SELECT * FROM c', parameters: [] };
    const items = await this.#items.rows<InstanceItem>('watch instances', query);
    const now = this.calls.clock.now();
    const changes = leaseNews(this.#known, items, now);
    let nextMs = Infinity;
    for (const { instance, endsAt } of this.#known.values()) {
      if (instance !== undefined) nextMs = Math.min(nextMs, endsAt - now);
    }
    return { changes, nextMs };
  }
}
