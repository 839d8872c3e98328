import { randomUUID } from 'node:crypto';
import { systemClock } from '@certoai/loom-core';
import type { MinimalJob, RedisQueueBackend } from 'bullmq';
import type { DeliveryOutcome } from '../internal/delivery-outcome.js';
import { shutMs, stepScript } from './group-scripts.js';
import type { Lease, LeaseEnd } from './lease-keeper.js';
import { renewScript, runScript } from './queue-scripts.js';
import type { OpenRedisClient } from './redis-client.js';
import { isOutOfMemory } from './redis-error.js';
import { endTemporaryScript } from './temporary-scripts.js';

/** A job that is active, with its lock held by us. */
export interface LeasedJob {
  readonly id: string;
  /** JSON text. */
  readonly text: string;
  /** Deliveries so far, this one included. */
  readonly attempt: number;
  readonly sentAt: number;
  /** Key of its group; empty without one. */
  readonly group: string;
}

export interface Taken {
  readonly job: LeasedJob | undefined;
  /** When the next delayed job is due, if there is one: milliseconds since the epoch. */
  readonly nextDueAt: number | undefined;
}

export interface LeasedJobsOptions {
  readonly backend: RedisQueueBackend;
  readonly client: OpenRedisClient;
  readonly lockMs: number;
  /** BullMQ takes none of its jobs. */
  readonly isTemporary: boolean;
}

const nothing: Taken = { job: undefined, nextDueAt: undefined };
const keepNone = { count: 0 };
const keepAll = { count: -1 };

/** Taking and settling the jobs of one BullMQ queue, as a worker of BullMQ does it. */
export class LeasedJobs {
  readonly #backend: RedisQueueBackend;
  readonly #client: OpenRedisClient;
  readonly #lockMs: number;
  readonly #owner = randomUUID();
  #tokens = 0;
  /** The queue is temporary, or a message with a group was sent to it: BullMQ takes none of its jobs. */
  #grouped: boolean;

  constructor({ backend, client, lockMs, isTemporary }: LeasedJobsOptions) {
    this.#grouped = isTemporary;
    this.#backend = backend;
    this.#client = client;
    this.#lockMs = lockMs;
  }

  /** First part of the keys of the queue. */
  get prefix(): string {
    return this.#key('');
  }

  /** What a lock holds: of one slot of one consumer. */
  newToken(): string {
    this.#tokens += 1;
    return `${this.#owner}:${this.#tokens}`;
  }

  async take(token: string): Promise<Taken> {
    if (!this.#grouped) {
      try {
        const taken = this.#takenOf(await this.#backend.moveToActive(token));
        if (!this.#grouped) return taken;
      } catch (error) {
        // The step below needs no memory.
        if (!isOutOfMemory(error)) throw error;
      }
    }
    return this.#step(token, true);
  }

  /**
   * Does what was decided and, in the same step, takes the next job into the same slot when asked to.
   * @throws the error of BullMQ when the lock is not ours any more
   */
  async settle(
    settled: LeasedJob,
    token: string,
    outcome: DeliveryOutcome,
    takeNext: boolean,
  ): Promise<LeasedJob | undefined> {
    const { id, attempt } = settled;
    if (this.#grouped) return (await this.#step(token, takeNext, settled, outcome)).job;
    // All that BullMQ reads of a job here; without `attempts` its script fails halfway.
    const job = { id, opts: { attempts: 0 } } as unknown as MinimalJob;
    switch (outcome.kind) {
      case 'acknowledged':
        return this.#takenOf(
          (await this.#backend.moveToCompleted(job, null, keepNone, token, takeNext)).result,
        ).job;
      case 'waiting': {
        const options = { skipAttempt: true, fetchNext: takeNext };
        return this.#takenOf(
          await this.#backend.moveToDelayed(id, systemClock.now(), outcome.delayMs, token, options),
        ).job;
      }
      case 'released':
        await this.#step(token, false, settled, outcome);
        return undefined;
      case 'dead': {
        const fields = { ats: attempt };
        const moved = await this.#backend.moveToFailed(job, outcome.reason, keepAll, token, takeNext, fields);
        return this.#takenOf(moved.result).job;
      }
    }
  }

  /** Removes a temporary queue. */
  async end(): Promise<void> {
    await runScript(this.#client, endTemporaryScript, [this.prefix]);
  }

  /** @returns how those ended, by id, whose locks are not ours any more */
  async renew(
    leases: readonly Pick<Lease, 'id' | 'token'>[],
    lockMs: number,
  ): Promise<ReadonlyMap<string, LeaseEnd>> {
    const locks = leases.flatMap(({ id, token }) => [id, token]);
    const reply = (await runScript(this.#client, renewScript, [this.prefix, lockMs, ...locks])) as (
      | string
      | number
    )[];
    const ended = new Map<string, LeaseEnd>();
    for (let index = 0; index < reply.length; index += 2)
      ended.set(String(reply[index]), reply[index + 1] === 1 ? 'withdrawn' : 'lost');
    return ended;
  }

  /** BullMQ answers with a job's data, its id, for how long it takes none for its rate, and a time. */
  #takenOf(reply: unknown): Taken {
    if (!Array.isArray(reply)) return nothing;
    const [data, id, closedMs, dueAt] = reply as [RawJob | null | undefined, string, number, number];
    // A rate that somebody gave the queue by BullMQ's own tools is over sooner.
    if (closedMs > shutMs / 2) this.#grouped = true;
    if (!data) return dueAt > 0 ? { job: undefined, nextDueAt: dueAt } : nothing;
    const { data: text, attemptsStarted: attempt, timestamp: sentAt } = data;
    return { job: { id, text, attempt, sentAt, group: '' }, nextDueAt: undefined };
  }

  /** Settles a job, if one is given, and takes the next one if asked to, by our own script. */
  async #step(
    token: string,
    takeNext: boolean,
    settled?: LeasedJob,
    outcome?: DeliveryOutcome,
  ): Promise<Taken> {
    const now = systemClock.now();
    const { id = '', group = '', attempt = 0 } = settled ?? {};
    const args = [this.prefix, now, token, this.#lockMs, takeNext ? 1 : 0, outcome?.kind ?? '', id, group];
    args.push(valueOf(outcome), attempt);
    const reply = await runScript(this.#client, stepScript, args);
    if (Array.isArray(reply)) {
      const [next, text, started, sentAt, key] = reply as [string, string, number, string, string];
      const job = { id: next, text, attempt: started, sentAt: Number(sentAt), group: key };
      return { job, nextDueAt: undefined };
    }
    if (typeof reply !== 'number') return nothing;
    if (reply < 0) throw Object.assign(new Error('The delivery is not ours any more.'), { code: reply });
    return { job: undefined, nextDueAt: now + reply };
  }

  #key(type: string): string {
    return this.#backend.toKey(type);
  }
}

interface RawJob {
  readonly data: string;
  readonly attemptsStarted: number;
  readonly timestamp: number;
}

/** What the step must know of an outcome, beside its kind. */
function valueOf(outcome: DeliveryOutcome | undefined): string | number {
  switch (outcome?.kind) {
    case 'waiting':
      return outcome.delayMs;
    case 'dead':
      return outcome.reason;
    default:
      return '';
  }
}
