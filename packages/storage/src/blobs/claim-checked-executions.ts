import { LoomError } from '@certoai/loom-core';
import type {
  BlobStore,
  ClaimReply,
  ClaimRequest,
  CommitReply,
  CreateReply,
  ExecutionPage,
  ExecutionQuery,
  ExecutionStore,
  ExecutionStoreCapabilities,
  NewExecution,
  OutboxStore,
  RecordEntry,
  RecordQuery,
  RecordReply,
  ReleaseRequest,
  RetentionPolicy,
  StoredExecution,
  StoredRecord,
  Transition,
} from '@certoai/loom-core';
import { checkNewExecution, checkOption, checkRecord, checkTransition } from '../internal/execution-input.js';
import { keyInText } from './blob-reference.js';
import { executionIn, home, homeOf } from './checked-payloads.js';
import { CheckedWrites } from './checked-writes.js';
import { resolveClaimCheckOptions, weaker } from './claim-check-options.js';
import type { ClaimCheckOptions, ResolvedClaimCheckOptions } from './claim-check-options.js';
import { inLanes } from './in-lanes.js';
import { removeBlobs } from './remove-blobs.js';

export interface ClaimCheckedExecutionStore extends ExecutionStore {
  /**
   * Removes blobs of executions that are not there: what is left when a process dies between storing a blob and
   * its execution, or while it prunes. For now and then, by anyone.
   * @param options.graceMs - how long an execution may take to follow its first blob; sweeping takes that long.
   *   Milliseconds, 0 or more. @default 60_000
   * @returns how many blobs
   */
  sweep(options?: { readonly graceMs?: number | undefined }): Promise<number>;
}

/**
 * `store`, with payloads above a threshold in `blobs` and a reference in their place: input, state, and the body
 * of every record, whether it is an output, an error or a signal. A payload is stored before what refers to it,
 * and leaves with its execution; a state, once a later one that is large too has taken its place.
 *
 * Retention by `maxBytes` counts what `store` holds, and of a payload in a blob that is its reference. Bound blobs
 * by age. Blobs of an execution go with it when it is pruned; what a store drops by itself is left to
 * {@link ClaimCheckedExecutionStore.sweep}. Messages of a step pass as they are: the queue they go to has a claim
 * check of its own.
 *
 * `close` closes `store` and leaves `blobs` open.
 * @throws LoomError `LOOM_INVALID_OPTION`; `load` and `records` reject with `LOOM_STORE_CORRUPT` when a blob is gone
 */
export function claimCheckedExecutions(
  store: ExecutionStore,
  blobs: BlobStore,
  options?: ClaimCheckOptions,
): ClaimCheckedExecutionStore {
  return new ClaimCheckedExecutions(store, blobs, resolveClaimCheckOptions(options));
}

class ClaimCheckedExecutions implements ClaimCheckedExecutionStore {
  readonly #store: ExecutionStore;
  readonly #blobs: BlobStore;
  readonly #options: ResolvedClaimCheckOptions;
  readonly #writes: CheckedWrites;
  readonly #calls = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(store: ExecutionStore, blobs: BlobStore, options: ResolvedClaimCheckOptions) {
    this.#store = store;
    this.#blobs = blobs;
    this.#options = options;
    this.#writes = new CheckedWrites(store, blobs, options);
  }

  get capabilities(): ExecutionStoreCapabilities {
    return weaker(this.#store.capabilities, this.#blobs.capabilities);
  }

  get outbox(): OutboxStore | undefined {
    return this.#store.outbox;
  }

  create(execution: NewExecution): Promise<CreateReply> {
    return this.#call(async () => {
      checkNewExecution(execution);
      const packed = this.#writes.pack(execution.id, execution, (add) => ({
        ...execution,
        definition: { ...execution.definition },
        tags: execution.tags && [...execution.tags],
        input: add(execution.input),
        state: add(execution.state, 'state/1'),
      }));
      const reply = await this.#writes.send(packed, (write) => this.#store.create(write));
      if (!reply.created) await this.#writes.refused(packed);
      return reply;
    });
  }

  load(executionId: string): Promise<StoredExecution | undefined> {
    return this.#call(async () => {
      for (let version = 0; ;) {
        const found = await this.#store.load(executionId);
        if (found === undefined) return undefined;
        const [input, state] = await Promise.all([this.#text(found.input), this.#text(found.state)]);
        if (input !== undefined && state !== undefined) return { ...found, input, state };
        // A commit took its place meanwhile, or it was pruned: then it looks different now.
        if (found.version === version) throw missing(executionId);
        version = found.version;
      }
    });
  }

  record(entry: RecordEntry): Promise<RecordReply> {
    return this.#call(async () => {
      checkRecord(entry);
      const packed = this.#writes.pack(entry.executionId, entry, (add) => ({
        ...entry,
        body: add(entry.body),
      }));
      const reply = await this.#writes.send(packed, (write) => this.#store.record(write));
      if (!reply.accepted) await this.#writes.refused(packed);
      return reply;
    });
  }

  commit(transition: Transition): Promise<CommitReply> {
    return this.#call(async () => {
      checkTransition(transition);
      const { executionId, expectedVersion, state } = transition;
      const packed = this.#writes.pack(executionId, transition, (add) => ({
        ...transition,
        messages: transition.messages?.map((message) => ({ ...message })),
        records: transition.records.map((entry) => ({ ...entry, body: add(entry.body) })),
        state: add(state, `state/${expectedVersion + 1}`),
      }));
      const reply = await this.#writes.send(packed, (write) => this.#store.commit(write));
      if (!reply.committed) await this.#writes.refused(packed);
      // Nobody can write a state of that version any more.
      else if (packed.checked.state !== state)
        await this.#remove(`${homeOf(executionId)}/state/${expectedVersion}`);
      return reply;
    });
  }

  records(query: RecordQuery): Promise<readonly StoredRecord[]> {
    return this.#call(async () => {
      const found = await this.#store.records(query);
      if (!found.some(({ body }) => keyInText(body))) return found;
      const bodies = await inLanes(found, ({ body }) => this.#text(body));
      if (bodies.includes(undefined)) {
        if (await this.#store.load(query.executionId)) throw missing(query.executionId);
        // Pruned meanwhile.
        return [];
      }
      return found.map((record, index) => ({ ...record, body: bodies[index] as string }));
    });
  }

  claim(request: ClaimRequest): Promise<ClaimReply> {
    return this.#call(() => this.#store.claim(request));
  }

  leave(holder: string): Promise<void> {
    return this.#call(() => this.#store.leave(holder));
  }

  release(request: ReleaseRequest): Promise<void> {
    return this.#call(() => this.#store.release(request));
  }

  list(query: ExecutionQuery): Promise<ExecutionPage> {
    return this.#call(() => this.#store.list(query));
  }

  prune(policy: RetentionPolicy): Promise<{ readonly removed: readonly string[] }> {
    return this.#call(async () => {
      const reply = await this.#store.prune(policy);
      await inLanes(reply.removed, (id) => this.#remove(homeOf(id)));
      return reply;
    });
  }

  async sweep({ graceMs = 60_000 }: { readonly graceMs?: number | undefined } = {}): Promise<number> {
    checkOption('graceMs', graceMs, 0);
    const suspects: string[] = [];
    for await (const segment of this.#blobs.list(home)) {
      const id = executionIn(segment);
      if (id !== undefined && (await this.#isUnknown(id))) suspects.push(id);
    }
    if (suspects.length === 0) return 0;
    await new Promise<void>((over) => this.#options.clock.setTimer(graceMs, over, { background: true }));
    let removed = 0;
    for (const id of suspects) if (await this.#isUnknown(id)) removed += await this.#blobs.remove(homeOf(id));
    return removed;
  }

  close(): Promise<void> {
    return (this.#closing ??= Promise.allSettled(this.#calls).then(() => this.#store.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What was called before `close` ends before the store does. */
  #call<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#closing) {
      const message = 'The execution store is closed. Open a new one to go on.';
      return Promise.reject(new LoomError('LOOM_CLOSED', message));
    }
    const call = run();
    this.#calls.add(call);
    const forget = (): boolean => this.#calls.delete(call);
    call.then(forget, forget);
    return call;
  }

  /** The payload; `undefined` when its blob is gone. */
  #text(text: string): Promise<string | undefined> | string {
    const key = keyInText(text);
    return key === undefined ? text : this.#blobs.get(key);
  }

  async #isUnknown(id: string): Promise<boolean> {
    return (await this.#store.load(id)) === undefined;
  }

  #remove(prefix: string): Promise<void> {
    return removeBlobs(prefix, this.#blobs, this.#options.logger);
  }
}

function missing(executionId: string): LoomError {
  const message =
    `A payload of execution "${executionId}" is not in the blob store. ` +
    'Check that this is the blob store it was written with; if the blob was removed, the execution is lost.';
  return new LoomError('LOOM_STORE_CORRUPT', message, { executionId });
}
