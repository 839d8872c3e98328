import type {
  ClaimReply,
  ClaimRequest,
  CommitReply,
  CreateReply,
  ExecutionHead,
  ExecutionQuery,
  ExecutionStatus,
  NewExecution,
  NodeCounters,
  RecordEntry,
  RecordReply,
  ReleaseRequest,
  RetentionPolicy,
  StoredExecution,
  StoredRecord,
  Transition,
} from '../../ports/execution-store.js';
import { times } from './building.js';

interface ModelHolder {
  readonly name: string;
  readonly seat: number;
  endsAt: number;
}

interface ModelExecution {
  readonly created: NewExecution;
  version: number;
  status: ExecutionStatus;
  state: string;
  updatedAt: number;
  finishedAt?: number;
  wakeAt: number | null;
  holder?: ModelHolder | undefined;
  /** By `node` and index. */
  readonly records: Map<string, { readonly node: string; readonly record: StoredRecord }>;
}

/** The port in its plainest form: what every store does, one step after another, with no thought of speed. */
export class ExecutionStoreModel {
  /** In order of storing. */
  readonly #executions: ModelExecution[] = [];
  #holders: ModelHolder[] = [];
  #seats = 0;
  /** The adapter's clock: milliseconds since the model began. */
  #elapsed = 0;

  create(created: NewExecution): CreateReply {
    const { id, idempotencyKey: key } = created;
    const known =
      this.#executions.find((one) => one.created.id === id) ??
      this.#executions.find((one) => key !== undefined && one.created.idempotencyKey === key);
    if (known) return { created: false, id: known.created.id };
    const { state, createdAt: updatedAt, wakeAt } = created;
    const holder = this.#holders.find(({ name }) => name === created.holder);
    this.#executions.push({
      created,
      version: 1,
      status: 'running',
      state,
      updatedAt,
      wakeAt,
      holder,
      records: new Map(),
    });
    return { created: true, id };
  }

  record(entry: RecordEntry): RecordReply {
    const found = this.#find(entry.executionId);
    if (!found) return { accepted: false, reason: 'unknown' };
    if (found.finishedAt !== undefined) return { accepted: false, reason: 'finished' };
    const reason = isForeign(found, entry.holder) ? 'stale' : refusal(found, entry);
    if (reason) return { accepted: false, reason };
    put(found, entry);
    return { accepted: true, counters: counters(found)[entry.node] ?? { done: 0, failed: 0 } };
  }

  commit(transition: Transition): CommitReply {
    const { executionId, expectedVersion, status, state, records, wakeAt, at } = transition;
    const found = this.#find(executionId);
    const conflict = { committed: false, reason: 'conflict' } as const;
    if (!found || found.finishedAt !== undefined || found.version !== expectedVersion) return conflict;
    if (isForeign(found, transition.holder)) return conflict;
    const trial: ModelExecution = { ...found, records: new Map(found.records) };
    for (const entry of records) {
      if (refusal(trial, entry)) return conflict;
      put(trial, entry);
    }
    const end = isFinal(status)
      ? { finishedAt: at, wakeAt: null, holder: undefined }
      : { wakeAt: wakeAt === undefined ? found.wakeAt : wakeAt };
    Object.assign(found, {
      records: trial.records,
      version: found.version + 1,
      status,
      state,
      updatedAt: at,
      ...end,
    });
    return { committed: true, version: found.version };
  }

  claim({ holder: name, now, leaseMs, limit }: ClaimRequest): ClaimReply {
    if (limit > 0) this.#forget((one) => one.endsAt <= this.#elapsed && one.name !== name);
    const known = this.#holders.find((one) => one.name === name);
    const holder = known ?? { name, seat: this.#freeSeats()[0] ?? this.#seats++, endsAt: 0 };
    if (!known) this.#holders.push(holder);
    holder.endsAt = this.#elapsed + leaseMs;
    const free = this.#executions
      .filter((one) => one.finishedAt === undefined && !one.holder)
      .toSorted((a, b) => (a.wakeAt ?? -Infinity) - (b.wakeAt ?? -Infinity));
    const taken = free.filter(({ wakeAt }) => (wakeAt ?? now) <= now).slice(0, limit);
    for (const one of taken) one.holder = holder;
    const next = [
      ...free.filter((one) => !one.holder).map(({ wakeAt }) => Math.max(wakeAt ?? now, now)),
      ...this.#executions.flatMap((one) =>
        one.holder && one.holder !== holder ? [now + Math.max(0, one.holder.endsAt - this.#elapsed)] : [],
      ),
    ];
    return {
      ids: taken.map(({ created }) => created.id),
      nextWakeAt: next.length > 0 ? Math.min(...next) : null,
      renewed: known !== undefined,
      seat: holder.seat,
      freeSeats: this.#freeSeats(),
    };
  }

  leave(holder: string): void {
    this.#forget(({ name }) => name === holder);
  }

  release({ executionId, holder, wakeAt }: ReleaseRequest): void {
    const found = this.#find(executionId);
    if (found?.holder?.name === holder) Object.assign(found, { holder: undefined, wakeAt });
  }

  elapse(ms: number): void {
    this.#elapsed += ms;
  }

  list({
    status,
    name,
    tags = [],
    createdAfter = -Infinity,
    createdBefore = Infinity,
  }: ExecutionQuery): ExecutionHead[] {
    return this.#executions
      .toReversed()
      .toSorted((a, b) => b.created.createdAt - a.created.createdAt)
      .map(head)
      .filter((one) => one.createdAt > createdAfter && one.createdAt < createdBefore)
      .filter((one) => (status?.includes(one.status) ?? true) && (name === undefined || one.name === name))
      .filter((one) => tags.every((tag) => one.tags.includes(tag)));
  }

  prune({ status, finishedBefore = -Infinity, maxBytes = Infinity, limit }: RetentionPolicy): {
    readonly removed: readonly string[];
  } {
    const isFinished = (one: ModelExecution): boolean =>
      one.finishedAt !== undefined && (status?.includes(one.status) ?? true);
    const finished = this.#executions.filter(isFinished).toSorted((a, b) => a.finishedAt! - b.finishedAt!);
    let left = finished.reduce((sum, one) => sum + bytes(one), 0);
    const removed: string[] = [];
    for (const one of finished) {
      if (removed.length === limit || (one.finishedAt! >= finishedBefore && left <= maxBytes)) break;
      left -= bytes(one);
      this.#executions.splice(this.#executions.indexOf(one), 1);
      removed.push(one.created.id);
    }
    return { removed };
  }

  load(id: string): StoredExecution | undefined {
    const found = this.#find(id);
    if (!found) return undefined;
    const { definition, input } = found.created;
    return {
      ...head(found),
      definition,
      input,
      state: found.state,
      counters: counters(found),
      seat: found.holder && found.holder.endsAt > this.#elapsed ? found.holder.seat : undefined,
    };
  }

  records(id: string, node: string): StoredRecord[] {
    const all = [...(this.#find(id)?.records.values() ?? [])].filter((one) => one.node === node);
    return all.map(({ record }) => record).toSorted((a, b) => a.index - b.index);
  }

  #freeSeats(): number[] {
    return times(this.#seats).filter((seat) => !this.#holders.some((one) => one.seat === seat));
  }

  #forget(isGone: (holder: ModelHolder) => boolean): void {
    for (const one of this.#executions) if (one.holder && isGone(one.holder)) one.holder = undefined;
    this.#holders = this.#holders.filter((holder) => !isGone(holder));
  }

  #find(id: string): ModelExecution | undefined {
    return this.#executions.find(({ created }) => created.id === id);
  }
}

function isFinal(status: ExecutionStatus): boolean {
  return status !== 'running' && status !== 'paused';
}

function refusal(
  { records }: ModelExecution,
  { node, index, held }: RecordEntry,
): 'duplicate' | 'stale' | undefined {
  const known = records.get(`${node} ${index}`)?.record;
  if (known && known.kind !== 'pending') return 'duplicate';
  return (known?.token ?? 1) === held ? undefined : 'stale';
}

function put(execution: ModelExecution, entry: RecordEntry): void {
  const { node, index, held, kind, attempt, body, next, dueAt, crashes = 0, at } = entry;
  const isPending = kind === 'pending';
  const token = isPending ? next! : held;
  const record = { index, kind, token, attempt, body, crashes, at, dueAt: isPending ? dueAt : undefined };
  execution.records.set(`${node} ${index}`, { node, record });
}

function counters({ records }: ModelExecution): Record<string, NodeCounters> {
  const counted: Record<string, { done: number; failed: number }> = {};
  for (const { node, record } of records.values()) {
    if (record.kind === 'pending' || record.index < 0) continue;
    const node_ = (counted[node] ??= { done: 0, failed: 0 });
    node_.done += 1;
    if (record.kind === 'failed') node_.failed += 1;
  }
  return counted;
}

/** Payloads of the suite are ASCII. */
function bytes({ created, state, records }: ModelExecution): number {
  let sum = created.input.length + state.length;
  for (const { record } of records.values()) sum += record.body.length;
  return sum;
}

function head({ created, version, status, updatedAt, finishedAt, wakeAt }: ModelExecution): ExecutionHead {
  const { id, name, definition, idempotencyKey, priority = 0, tags = [], createdAt } = created;
  const fixed = { id, name, definitionHash: definition.hash, idempotencyKey, priority, tags, createdAt };
  return { ...fixed, version, status, updatedAt, finishedAt, wakeAt };
}

function isForeign({ holder }: ModelExecution, writer: string | undefined): boolean {
  return writer !== undefined && holder !== undefined && holder.name !== writer;
}
