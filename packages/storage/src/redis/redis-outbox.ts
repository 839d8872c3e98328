import { randomUUID } from 'node:crypto';
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
import type { QueueScript } from '../bullmq/queue-scripts.js';
import type { RedisCalls } from './redis-calls.js';
import {
  claimOutboxScript,
  commitOutboxScript,
  parkedOutboxScript,
  readOutboxScript,
  settleOutboxScript,
  statsOutboxScript,
  unparkOutboxScript,
} from './redis-outbox-scripts.js';

/** Ids unpacked by one script. */
const unparkChunk = 1_000;

/** An outbox on a connection that somebody else opened, and closes after it. */
export class RedisOutbox implements OutboxStore {
  readonly capabilities = { durable: true, shared: true };
  readonly #calls: RedisCalls;
  readonly #keyStart: string;
  readonly #commitKnownMs: number;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** @param keyStart - as that of the executions beside it */
  constructor(calls: RedisCalls, keyStart: string, commandTimeoutMs: number) {
    this.#calls = calls;
    this.#keyStart = `${keyStart}x`;
    this.#commitKnownMs = 4 * commandTimeoutMs;
  }

  async commit({ writes, messages }: OutboxStep): Promise<OutboxStepReply> {
    const args = [randomUUID(), this.#commitKnownMs, writes.length];
    const parts = [
      ...writes.flatMap(({ key, value, ifVersion = '' }) => [key, value, ifVersion]),
      ...messages.flatMap(messageArgs),
    ];
    const reply = await this.#run(commitOutboxScript, [...args, ...parts], 'commit to the outbox');
    if (typeof reply === 'string')
      return { committed: true, versions: reply === '' ? [] : reply.split(' ').map(Number) };
    const [place, version] = (reply as readonly unknown[]).map(Number) as [number, number];
    return { committed: false, key: writes[place - 1]?.key as string, version };
  }

  async read(key: string): Promise<OutboxState | undefined> {
    const reply = await this.#run(readOutboxScript, [key], 'read a state of the outbox');
    const [version, value] = reply as readonly [string | null, string];
    return version === null ? undefined : { value, version: Number(version) };
  }

  async claim({ token, leaseMs, limit }: OutboxClaimRequest): Promise<OutboxClaim> {
    const reply = await this.#run(claimOutboxScript, [token, leaseMs, limit], 'claim messages of the outbox');
    const [lanes, next] = reply as readonly [
      readonly (readonly [lane: string, messages: readonly string[]])[],
      string,
    ];
    return {
      lanes: lanes.map(([lane, texts]) => ({
        lane,
        messages: inGroups(texts, 4).map(([id = '', content = '', attempts, ageMs]) => ({
          id,
          content,
          attempts: Number(attempts),
          ageMs: Number(ageMs),
        })),
      })),
      nextMs: next === '' ? null : Number(next),
    };
  }

  async settle(token: string, outcomes: readonly OutboxOutcome[]): Promise<void> {
    const args: (string | number)[] = [token];
    for (const { lane, sent, failed } of outcomes) {
      args.push(lane, sent.length, ...sent, failed?.kind ?? '');
      if (failed?.kind === 'retry') args.push(failed.id, failed.attempts, failed.delayMs, '');
      if (failed?.kind === 'park')
        args.push(failed.id, failed.attempts, Number(failed.blocks), failed.reason);
    }
    await this.#run(settleOutboxScript, args, 'settle messages of the outbox');
  }

  async parked({
    limit,
    after = '0',
  }: {
    readonly limit: number;
    readonly after?: string | undefined;
  }): Promise<readonly OutboxParked[]> {
    const reply = await this.#run(parkedOutboxScript, [after, limit], 'list parked messages');
    return inGroups(reply as readonly string[], 3).map(([id = '', content = '', text = '']) => {
      const [, parkedAt, committedAt, attempts, blocks, size, rest = ''] =
        /^(\d+) (\d+) (\d+) (\d) (\d+) (.*)$/s.exec(text) ?? [];
      const bytes = Buffer.from(rest);
      const lane = bytes.toString('utf8', Number(size));
      return {
        id,
        key: lane.startsWith('k') ? lane.slice(1) : undefined,
        content,
        attempts: Number(attempts),
        reason: bytes.toString('utf8', 0, Number(size)),
        blocks: blocks === '1',
        committedAt: Number(committedAt),
        parkedAt: Number(parkedAt),
      };
    });
  }

  async unpark(action: 'retry' | 'discard', ids?: readonly string[]): Promise<number> {
    const doing = `${action} parked messages`;
    if (!ids) return Number(await this.#run(unparkOutboxScript, [action, 'all'], doing));
    let count = 0;
    for (let from = 0; from < ids.length; from += unparkChunk) {
      const these = ids.slice(from, from + unparkChunk);
      count += Number(await this.#run(unparkOutboxScript, [action, 'these', ...these], doing));
    }
    return count;
  }

  async stats(): Promise<OutboxStats> {
    const reply = await this.#run(statsOutboxScript, [], 'count the messages of the outbox');
    const [waiting, parked, age] = reply as readonly unknown[];
    return {
      waiting: Number(waiting),
      parked: Number(parked),
      oldestAgeMs: age === '' ? null : Number(age),
    };
  }

  /** Waits for calls under way. */
  close(): Promise<void> {
    return (this.#closing ??= Promise.allSettled(this.#running).then(() => undefined));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run(script: QueueScript, args: readonly (string | number)[], doing: string): Promise<unknown> {
    if (this.#closing) {
      const message = 'The outbox store is closed. Make a new one to go on.';
      return Promise.reject(new LoomError('LOOM_CLOSED', message));
    }
    const running = this.#calls.run(script, `${this.#keyStart}n`, [this.#keyStart, ...args], doing);
    this.#running.add(running);
    const end = (): void => void this.#running.delete(running);
    running.then(end, end);
    return running;
  }
}

/** Lane and content, as the scripts take them. */
export function messageArgs({ key, content }: OutboxEntry): readonly string[] {
  return [key === undefined ? '' : `k${key}`, content];
}

function inGroups(texts: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: texts.length / size }, (_, n) => texts.slice(n * size, (n + 1) * size));
}
