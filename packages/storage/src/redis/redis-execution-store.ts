import { randomBytes } from 'node:crypto';
import { LoomError } from '@certoai/loom-core';
import type {
  ClaimReply,
  ClaimRequest,
  CommitReply,
  CreateReply,
  ExecutionPage,
  ExecutionQuery,
  ExecutionStatus,
  ExecutionStore,
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
import type { QueueScript } from '../bullmq/queue-scripts.js';
import type { RedisClient, RedisConnectionOptions } from '../bullmq/redis-client.js';
import {
  checkClaim,
  checkHolder,
  checkNewExecution,
  checkPolicy,
  checkRecord,
  checkRelease,
  checkTransition,
  resolveRecordQuery,
} from '../internal/execution-input.js';
import { createArgs, executionOf, recordArgs, recordOf, wakeText } from './execution-texts.js';
import { listScript, loadScript, recordsScript } from './read-scripts.js';
import { RecordBatches } from './record-batches.js';
import { RedisCalls } from './redis-calls.js';
import { RedisClaims } from './redis-claims.js';
import { listExecutions } from './redis-execution-listing.js';
import { resolveRedisExecutionStoreOptions } from './redis-execution-store-options.js';
import type { RedisExecutionStoreOptions } from './redis-execution-store-options.js';
import { messageArgs, RedisOutbox } from './redis-outbox.js';
import {
  commitMessagesScript,
  commitScript,
  createScript,
  pruneScript,
  recordScript,
  releaseScript,
} from './write-scripts.js';

/** Hashes of definitions that are known to be stored, beyond which all are forgotten. Count. */
const maxKnown = 10_000;
/** Executions removed by one script. */
const pruneChunk = 100;
/** What the script says when the definition is not stored. */
const textNeeded = 2;

const finals: readonly ExecutionStatus[] = ['completed', 'failed', 'cancelled', 'timed-out'];
const conflict: CommitReply = { committed: false, reason: 'conflict' };

type RecordRefusal = Extract<RecordReply, { readonly accepted: false }>['reason'];

/**
 * Executions in Redis, for any number of processes. Every method is one script and one round trip.
 * Nothing is loaded and no connection is opened before the first call.
 *
 * A write whose answer was lost is sent again, and answered as the first time would have been: it carries the
 * name of its call, which stays with what it wrote. When it is given up, the outcome is not known; calling
 * `create`, `record` or `commit` again **with the same object** is still the same call. What a lost claim took
 * is free for the next one.
 */
export class RedisExecutionStore implements ExecutionStore {
  readonly capabilities = { durable: true, shared: true };
  /** On the connection of this store; that of a `RedisOutboxStore` with the same prefix. */
  readonly outbox: OutboxStore;
  readonly #calls: RedisCalls;
  readonly #keyStart: string;
  /** Tells the calls of this store from those of all others. */
  readonly #name = randomBytes(5).toString('base64url');
  readonly #unanswered = new WeakMap<object, string>();
  readonly #claims = new RedisClaims((script, args, doing) => this.#run(script, undefined, args, doing));
  readonly #records = new RecordBatches((id, args) =>
    this.#run(recordScript, id, [id, ...args], 'store a record'),
  );
  readonly #known = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  #lastCall = 0;
  #closing: Promise<void> | undefined;

  /**
   * @param redis - an ioredis client, which is copied and never closed; or ioredis options, or a URL
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(
    redis: RedisClient | RedisConnectionOptions | object | string,
    options?: RedisExecutionStoreOptions,
  ) {
    const { keyStart, ...rest } = resolveRedisExecutionStoreOptions(redis, options);
    this.#keyStart = keyStart;
    this.#calls = new RedisCalls(rest);
    this.outbox = new RedisOutbox(this.#calls, keyStart, rest.commandTimeoutMs);
  }

  create(execution: NewExecution): Promise<CreateReply> {
    return this.#during(async () => {
      checkNewExecution(execution);
      const { id, holder } = execution;
      try {
        const reply = await this.#once(execution, (call) => this.#create(execution, call));
        if (reply.created && holder !== undefined) this.#claims.trust(holder, id);
        return reply;
      } catch (error) {
        if (holder !== undefined) this.#claims.doubt(holder, id);
        throw error;
      }
    });
  }

  load(executionId: string): Promise<StoredExecution | undefined> {
    return this.#during(async () => {
      const reply = await this.#run(loadScript, executionId, [], 'load an execution');
      if (reply === null) return undefined;
      const stored = executionOf(executionId, reply as readonly string[]);
      if (!Number.isSafeInteger(stored.version)) throw strangeAnswer('a load', reply);
      return stored;
    });
  }

  record(entry: RecordEntry): Promise<RecordReply> {
    return this.#during(async () => {
      checkRecord(entry);
      const { executionId, holder = '' } = entry;
      const reply = await this.#once(entry, (call) =>
        this.#records.add(executionId, [...recordArgs(entry, call), call, holder]),
      );
      if (typeof reply === 'string') return { accepted: false, reason: reply as RecordRefusal };
      const [done, failed] = Array.isArray(reply) ? (reply as unknown[]) : [];
      if (typeof done !== 'number' || typeof failed !== 'number') throw strangeAnswer('a record', reply);
      return { accepted: true, counters: { done, failed } };
    });
  }

  commit(transition: Transition): Promise<CommitReply> {
    return this.#during(async () => {
      checkTransition(transition);
      const { executionId, expectedVersion, status, state, records, wakeAt, at, holder = '' } = transition;
      const { messages = [] } = transition;
      const head = [expectedVersion, status, wakeAt === undefined ? '' : wakeText(wakeAt), at, state, holder];
      const sent = messages.length === 0 ? [] : [messages.length, ...messages.flatMap(messageArgs)];
      const rest = [...head, ...sent, ...records.flatMap((entry) => recordArgs(entry))];
      const script = messages.length === 0 ? commitScript : commitMessagesScript;
      const version = await this.#once(transition, (call) =>
        this.#run(script, executionId, [executionId, call, ...rest], 'store a step'),
      );
      if (!Number.isSafeInteger(version)) throw strangeAnswer('a step', version);
      return version === 0 ? conflict : { committed: true, version: version as number };
    });
  }

  records(query: RecordQuery): Promise<readonly StoredRecord[]> {
    return this.#during(async () => {
      const { executionId, node, from, limit } = resolveRecordQuery(query);
      const reply = await this.#run(recordsScript, executionId, [node, from, limit], 'read records');
      const found = reply as readonly (number | string)[];
      const records: StoredRecord[] = [];
      for (let place = 0; place < found.length; place += 2)
        records.push(recordOf(Number(found[place]), found[place + 1] as string));
      return records;
    });
  }

  claim(request: ClaimRequest): Promise<ClaimReply> {
    return this.#during(async () => {
      checkClaim(request);
      return this.#claims.claim({ ...request }, this.#nextCall());
    });
  }

  leave(holder: string): Promise<void> {
    return this.#during(async () => {
      checkHolder(holder);
      await this.#claims.leave(holder);
    });
  }

  release(request: ReleaseRequest): Promise<void> {
    return this.#during(async () => {
      checkRelease(request);
      const { executionId, holder, wakeAt } = request;
      const args = [executionId, holder, wakeText(wakeAt)];
      await this.#run(releaseScript, executionId, args, 'release an execution');
    });
  }

  list(query: ExecutionQuery): Promise<ExecutionPage> {
    const chunk = async (args: readonly (string | number)[]): Promise<readonly string[]> =>
      (await this.#run(listScript, undefined, args, 'list executions')) as readonly string[];
    return this.#during(() => listExecutions(query, chunk));
  }

  prune(policy: RetentionPolicy): Promise<{ readonly removed: readonly string[] }> {
    return this.#during(async () => {
      checkPolicy(policy);
      const { status, finishedBefore = -Number.MAX_VALUE, maxBytes = Number.MAX_VALUE, limit } = policy;
      const statuses = status === undefined ? finals : finals.filter((one) => status.includes(one));
      const removed: string[] = [];
      for (let isMore = statuses.length > 0; isMore && removed.length < limit;) {
        const args = [Math.min(pruneChunk, limit - removed.length), finishedBefore, maxBytes, ...statuses];
        const reply = await this.#run(pruneScript, undefined, args, 'remove executions');
        const [ids, more] = reply as readonly [readonly string[], unknown];
        removed.push(...ids);
        isMore = Number(more) === 1;
      }
      return { removed };
    });
  }

  /** Waits for calls under way. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running);
    await this.outbox.close();
    await this.#calls.close();
  }

  /** @throws LoomError `LOOM_CLOSED` */
  #during<Reply>(work: () => Promise<Reply>): Promise<Reply> {
    const running = this.#closing ? Promise.reject(closedError()) : work();
    this.#running.add(running);
    const end = (): void => void this.#running.delete(running);
    running.then(end, end);
    return running;
  }

  async #create(execution: NewExecution, call: string): Promise<CreateReply> {
    const { id, definition } = execution;
    const { hash, text } = definition;
    const args = createArgs(execution, call);
    const send = async (...more: readonly string[]): Promise<readonly [outcome: number, id: string]> => {
      const reply = await this.#run(createScript, id, [...args, ...more], 'store an execution');
      const [outcome, found] = reply as readonly [unknown, string];
      return [Number(outcome), found];
    };
    let [outcome, found] = this.#known.has(hash) ? await send() : await send(text);
    if (outcome === textNeeded) [outcome, found] = await send(text);
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.add(hash);
    return { created: outcome === 1, id: found };
  }

  /** The same call for the same object, until it was answered. */
  async #once<Reply>(subject: object, send: (call: string) => Promise<Reply>): Promise<Reply> {
    const call = this.#unanswered.get(subject) ?? this.#nextCall();
    try {
      const reply = await send(call);
      this.#unanswered.delete(subject);
      return reply;
    } catch (error) {
      this.#unanswered.set(subject, call);
      throw error;
    }
  }

  #nextCall(): string {
    return this.#name + (this.#lastCall += 1).toString(36);
  }

  /** @param executionId - whose key leads to the server; any key of the store does */
  #run(
    script: QueueScript,
    executionId: string | undefined,
    args: readonly (string | number)[],
    doing: string,
  ): Promise<unknown> {
    const key = this.#keyStart + (executionId === undefined ? 'c' : `e${executionId}`);
    return this.#calls.run(script, key, [this.#keyStart, ...args], doing);
  }
}

function closedError(): LoomError {
  return new LoomError('LOOM_CLOSED', 'The execution store is closed. Make a new one to go on.');
}

/** Whoever asked asks again, and the same call is answered as it was. */
function strangeAnswer(to: string, answer: unknown): LoomError {
  const kind = Array.isArray(answer) ? `a list of ${answer.length}` : typeof answer;
  const message = `Redis answered ${to} with what no script gives (${kind}). Asking again helps; if it does not, look at what stands between this process and Redis.`;
  return new LoomError('LOOM_STORE_FAILED', message, { kind });
}
