import { randomUUID } from 'node:crypto';
import { systemClock } from '@certoai/loom-core';
import type { MinimalJob, RedisQueueBackend } from 'bullmq';
import type { DeliveryOutcome } from '../internal/delivery-outcome.js';
import type { Lease } from './lease-keeper.js';
import {
  delayedScoreFactor,
  releaseScript,
  renewScript,
  runScript,
  takeWithoutMemoryScript,
} from './queue-scripts.js';
import type { OpenRedisClient } from './redis-client.js';
import { isOutOfMemory } from './redis-error.js';

/** A job that is active, with its lock held by us. */
export interface LeasedJob {
  readonly id: string;
  /** JSON text. */
  readonly text: string;
  /** Deliveries so far, this one included. */
  readonly attempt: number;
  readonly sentAt: number;
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
  #looks = 0;

  constructor({ backend, client, lockMs }: LeasedJobsOptions) {
    this.#backend = backend;
    this.#client = client;
    this.#lockMs = lockMs;
  }

  get markerKey(): string {
    return this.#key('marker');
  }

  /** What a lock holds: of one slot of one consumer. */
  newToken(): string {
    this.#tokens += 1;
    return `${this.#owner}:${this.#tokens}`;
  }

  async take(token: string): Promise<Taken> {
    try {
      return takenOf(await this.#backend.moveToActive(token));
    } catch (error) {
      if (isOutOfMemory(error)) return this.#takeWithoutMemory(token);
      throw error;
    }
  }

  /**
   * Does what was decided and, in the same step, takes the next job into the same slot when asked to.
   * @throws the error of BullMQ when the lock is not ours any more
   */
  async settle(
    { id, attempt }: LeasedJob,
    token: string,
    outcome: DeliveryOutcome,
    takeNext: boolean,
  ): Promise<LeasedJob | undefined> {
    // All that BullMQ reads of a job here; without `attempts` its script fails halfway.
    const job = { id, opts: { attempts: 0 } } as unknown as MinimalJob;
    switch (outcome.kind) {
      case 'acknowledged':
        return takenOf((await this.#backend.moveToCompleted(job, null, keepNone, token, takeNext)).result)
          .job;
      case 'waiting': {
        const options = { skipAttempt: true, fetchNext: takeNext };
        return takenOf(
          await this.#backend.moveToDelayed(id, systemClock.now(), outcome.delayMs, token, options),
        ).job;
      }
      case 'released':
        await this.release(id, token);
        return undefined;
      case 'dead': {
        const fields = { ats: attempt };
        const moved = await this.#backend.moveToFailed(job, outcome.reason, keepAll, token, takeNext, fields);
        return takenOf(moved.result).job;
      }
    }
  }

  async release(id: string, token: string): Promise<void> {
    const keys = this.#keys('active', 'wait', 'prioritized', 'marker', 'stalled', 'meta', id);
    await runScript(this.#client, releaseScript, [...keys, id, token]);
  }

  /** @returns ids whose locks are not ours any more */
  async renew(leases: readonly Pick<Lease, 'id' | 'token'>[], lockMs: number): Promise<readonly string[]> {
    const locks = leases.flatMap(({ id, token }) => [id, token]);
    return (await runScript(this.#client, renewScript, [
      ...this.#keys('stalled', ''),
      lockMs,
      ...locks,
    ])) as string[];
  }

  /**
   * Jobs that anybody has, and jobs that could be taken: those that are due and those that are ready in
   * turns, because each look is to cost as little as it can.
   */
  async look(): Promise<{ readonly active: number; readonly waiting: number }> {
    this.#looks += 1;
    const [active, waiting] = await Promise.all([
      this.#client.llen(this.#key('active')),
      this.#looks % 2 === 0 ? this.#client.zcard(this.#key('prioritized')) : this.#countDue(),
    ]);
    return { active, waiting };
  }

  /** Makes ready what processes had that died. @returns how many */
  async recover(): Promise<number> {
    return (await this.#backend.moveStalledJobsToWait()).length;
  }

  /** For a server that does not answer: what was asked is asked again on a new connection. */
  reconnect(): void {
    if (this.#client.status === 'ready') this.#client.disconnect(true);
  }

  /** Tells somebody who waits that there may be work. */
  async wake(member = '0', score = 0): Promise<void> {
    await this.#client.zadd(this.markerKey, score, member);
  }

  #countDue(): Promise<number> {
    return this.#client.zcount(
      this.#key('delayed'),
      '-inf',
      (systemClock.now() + 1) * delayedScoreFactor - 1,
    );
  }

  async #takeWithoutMemory(token: string): Promise<Taken> {
    const keys = this.#keys('wait', 'active', 'prioritized', 'stalled', 'meta', '');
    const now = systemClock.now();
    const reply = await runScript(this.#client, takeWithoutMemoryScript, [...keys, token, this.#lockMs, now]);
    if (!Array.isArray(reply)) return nothing;
    const [id, text, attempt, sentAt] = reply as [string, string, number, string];
    return { job: { id, text, attempt, sentAt: Number(sentAt) }, nextDueAt: undefined };
  }

  #key(type: string): string {
    return this.#backend.toKey(type);
  }

  #keys(...types: readonly string[]): readonly string[] {
    return types.map((type) => this.#key(type));
  }
}

/** BullMQ answers with a job's data, its id, a rate limit that we do not use, and a time. */
function takenOf(reply: unknown): Taken {
  if (!Array.isArray(reply)) return nothing;
  const [data, id, , dueAt] = reply as [RawJob | null | undefined, string, number, number];
  if (!data) return dueAt > 0 ? { job: undefined, nextDueAt: dueAt } : nothing;
  const { data: text, attemptsStarted: attempt, timestamp: sentAt } = data;
  return { job: { id, text, attempt, sentAt }, nextDueAt: undefined };
}

interface RawJob {
  readonly data: string;
  readonly attemptsStarted: number;
  readonly timestamp: number;
}
