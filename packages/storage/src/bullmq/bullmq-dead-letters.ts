import { systemClock } from '@certoai/loom-core';
import { failureFingerprint } from '@certoai/loom-core/failures';
import type {
  DeadLetter,
  DeadLetterGroup,
  DeadLetterListOptions,
  DeadLetterPage,
  DeadLetters,
  DeadLetterSelection,
  JsonValue,
} from '@certoai/loom-core';
import { DeadLetterGroups } from '../internal/dead-letter-groups.js';
import {
  checkQueueName,
  checkSelection,
  invalidCursor,
  resolveListOptions,
  resolveRedriveInterval,
} from '../internal/message-queue-options.js';
import { delayedScoreFactor, discardScript, redriveScript, runScript } from './queue-scripts.js';
import type { OpenRedisClient } from './redis-client.js';
import { translateRedisError } from './redis-error.js';

/** Dead letters read or changed in one step. */
const chunk = 500;

export interface BullMQDeadLettersOptions {
  readonly connect: () => Promise<OpenRedisClient>;
  /** @throws LoomError `LOOM_CLOSED` */
  readonly checkOpen: () => void;
  /** The key of BullMQ for `type`, or of the job with that id. */
  readonly key: (queue: string, type: string) => string;
}

/** A place in the failed set: by time, and within a millisecond by id. */
interface Place {
  readonly id: string;
  readonly diedAt: number;
}

/** The failed jobs of BullMQ. Reading them in order of death costs as much as is read. */
export class BullMQDeadLetters implements DeadLetters {
  readonly #options: BullMQDeadLettersOptions;

  constructor(options: BullMQDeadLettersOptions) {
    this.#options = options;
  }

  async list(queue: string, options?: DeadLetterListOptions): Promise<DeadLetterPage> {
    this.#check(queue);
    const { limit, cursor, ...selection } = resolveListOptions(options);
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    return this.#call('list dead letters', async (client) => {
      const items: DeadLetter[] = [];
      for await (const places of this.#select(client, queue, selection, after, Infinity)) {
        for (const item of await this.#read(client, queue, places.slice(0, limit + 1 - items.length))) {
          if (items.length === limit) return { items, cursor: cursorOf(items.at(-1) as DeadLetter) };
          items.push(item);
        }
      }
      return { items };
    });
  }

  async groups(queue: string): Promise<readonly DeadLetterGroup[]> {
    this.#check(queue);
    return this.#call('group dead letters', async (client) => {
      const groups = new DeadLetterGroups();
      for await (const places of this.#places(client, queue, undefined, Infinity)) {
        const reasons = await this.#reasons(client, queue, places);
        for (const [index, { diedAt }] of places.entries()) {
          const reason = reasons[index] ?? '';
          groups.add({ reason, fingerprint: failureFingerprint(reason), diedAt });
        }
      }
      return groups.list();
    });
  }

  async redrive(
    queue: string,
    options: DeadLetterSelection & { readonly perSecond?: number | undefined } = {},
  ): Promise<number> {
    this.#check(queue);
    checkSelection(options);
    const intervalMs = resolveRedriveInterval(options.perSecond);
    return this.#call('redrive dead letters', async (client) => {
      const now = systemClock.now();
      const prefix = this.#options.key(queue, '');
      let count = 0;
      let position = 0;
      for await (const places of this.#select(client, queue, options, undefined, now)) {
        const jobs = places.flatMap(({ id }) => [id, redriveScore(now, position++, intervalMs)]);
        count += Number(await runScript(client, redriveScript, [prefix, now, ...jobs]));
      }
      return count;
    });
  }

  async discard(queue: string, options: DeadLetterSelection = {}): Promise<number> {
    this.#check(queue);
    checkSelection(options);
    return this.#call('discard dead letters', async (client) => {
      const keys = ['failed', ''].map((type) => this.#options.key(queue, type));
      let count = 0;
      for await (const places of this.#select(client, queue, options, undefined, systemClock.now())) {
        count += Number(await runScript(client, discardScript, [...keys, ...places.map(({ id }) => id)]));
      }
      return count;
    });
  }

  #check(queue: string): void {
    this.#options.checkOpen();
    checkQueueName(queue);
  }

  async #call<Result>(doing: string, run: (client: OpenRedisClient) => Promise<Result>): Promise<Result> {
    try {
      return await run(await this.#options.connect());
    } catch (error) {
      throw translateRedisError(error, doing);
    }
  }

  /** Those that match, oldest first, in pieces. */
  async *#select(
    client: OpenRedisClient,
    queue: string,
    { ids, fingerprint }: DeadLetterSelection,
    after: Place | undefined,
    upTo: number,
  ): AsyncIterable<readonly Place[]> {
    const found =
      ids === undefined
        ? this.#places(client, queue, after, upTo)
        : this.#placesOf(client, queue, ids, after);
    for await (const places of found) {
      if (fingerprint === undefined) {
        yield places;
        continue;
      }
      const reasons = await this.#reasons(client, queue, places);
      yield places.filter((_, index) => failureFingerprint(reasons[index] ?? '') === fingerprint);
    }
  }

  async *#places(
    client: OpenRedisClient,
    queue: string,
    after: Place | undefined,
    upTo: number,
  ): AsyncIterable<readonly Place[]> {
    for (let last = after; ;) {
      const places = await this.#placesAfter(client, queue, last, upTo);
      if (places.length > 0) yield places;
      if (places.length === 0) return;
      last = places.at(-1);
    }
  }

  /** The next places behind `last`, whatever was taken out or put in meanwhile. */
  async #placesAfter(
    client: OpenRedisClient,
    queue: string,
    last: Place | undefined,
    upTo: number,
  ): Promise<readonly Place[]> {
    const key = this.#options.key(queue, 'failed');
    const max = upTo === Infinity ? '+inf' : upTo;
    for (let offset = 0; ; offset += chunk) {
      const min = last?.diedAt ?? '-inf';
      const reply = await client.zrangebyscore(key, min, max, 'WITHSCORES', 'LIMIT', offset, chunk);
      const places = placesOf(reply);
      const behind = places.filter((place) => last === undefined || isBehind(place, last));
      if (behind.length > 0 || places.length < chunk) return behind;
    }
  }

  async *#placesOf(
    client: OpenRedisClient,
    queue: string,
    ids: readonly string[],
    after: Place | undefined,
  ): AsyncIterable<readonly Place[]> {
    const key = this.#options.key(queue, 'failed');
    const places: Place[] = [];
    const unique = [...new Set(ids)];
    for (let start = 0; start < unique.length; start += chunk) {
      const some = unique.slice(start, start + chunk);
      const scores = await Promise.all(some.map((id) => client.zscore(key, id)));
      places.push(
        ...some.flatMap((id, index) =>
          scores[index] == null ? [] : [{ id, diedAt: Number(scores[index]) }],
        ),
      );
    }
    const inOrder = places
      .filter((place) => after === undefined || isBehind(place, after))
      .toSorted((a, b) => (isBehind(a, b) ? 1 : -1));
    for (let start = 0; start < inOrder.length; start += chunk) yield inOrder.slice(start, start + chunk);
  }

  async #reasons(
    client: OpenRedisClient,
    queue: string,
    places: readonly Place[],
  ): Promise<readonly string[]> {
    const jobs = await Promise.all(
      places.map(({ id }) => client.hmget(this.#options.key(queue, id), 'failedReason')),
    );
    return jobs.map(([reason]) => reason ?? '');
  }

  async #read(
    client: OpenRedisClient,
    queue: string,
    places: readonly Place[],
  ): Promise<readonly DeadLetter[]> {
    const { key } = this.#options;
    const fields = ['data', 'failedReason', 'ats', 'timestamp'];
    const jobs = await Promise.all(places.map(({ id }) => client.hmget(key(queue, id), ...fields)));
    return places.flatMap(({ id, diedAt }, index) => {
      const [data, reason, attempts, sentAt] = jobs[index] ?? [];
      // Discarded between the two looks.
      if (data == null) return [];
      const text = reason ?? '';
      const body = JSON.parse(data) as JsonValue;
      const fingerprint = failureFingerprint(text);
      return [
        { id, body, reason: text, fingerprint, attempts: Number(attempts), sentAt: Number(sentAt), diedAt },
      ];
    });
  }
}

/** BullMQ orders what is due in one millisecond by the low bits. */
function redriveScore(now: number, position: number, intervalMs: number): number {
  if (intervalMs > 0) return (now + Math.floor(position * intervalMs)) * delayedScoreFactor;
  return now * delayedScoreFactor + position;
}

function placesOf(reply: readonly string[]): readonly Place[] {
  return reply.flatMap((id, index) => (index % 2 === 0 ? [{ id, diedAt: Number(reply[index + 1]) }] : []));
}

/** Redis compares members of one score byte by byte. */
function isBehind(place: Place, last: Place): boolean {
  if (place.diedAt !== last.diedAt) return place.diedAt > last.diedAt;
  return Buffer.compare(Buffer.from(place.id), Buffer.from(last.id)) > 0;
}

function cursorOf({ id, diedAt }: Place): string {
  return Buffer.from(JSON.stringify([diedAt, id])).toString('base64url');
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
function parseCursor(cursor: string): Place {
  try {
    const [diedAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown];
    if (typeof diedAt === 'number' && typeof id === 'string') return { id, diedAt };
  } catch {
    // Reported below, like a cursor of another shape.
  }
  throw invalidCursor(cursor);
}
