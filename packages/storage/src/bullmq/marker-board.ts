import { randomUUID } from 'node:crypto';
import { systemClock } from '@certoai/loom-core';
import { temporaryPrefix } from '../internal/temporary-queue.js';
import type { OpenRedisClient } from './redis-client.js';
import { reconnect } from './redis-connections.js';

/** How long a blocking command waits on the server, and how much longer for its answer before its connection is given up. */
const blockSeconds = 30;
const graceMs = 3_000;
/** Wait after the server refused the question. */
const refusedMs = 1_000;
/** Life of the marker that ends a question, should there be none. */
const endKeyMs = 60_000;

/** What BullMQ puts into a queue's marker set when there is work. */
export interface Marker {
  readonly member: string;
  readonly score: number;
}

const workMarker: Marker = { member: '0', score: 0 };

export interface MarkerBoardOptions {
  /** Opens a connection for one blocking command at a time. */
  readonly open: () => Promise<OpenRedisClient>;
  /** Ends it at once, whatever it waits for. */
  readonly release: (client: OpenRedisClient) => void;
  /** The connection for everything else. */
  readonly working: () => Promise<OpenRedisClient>;
  readonly onError: (error: unknown) => void;
}

/**
 * Waits for work on all queues with one blocking command at a time: a question about the queues whose consumers
 * have a place for work, asked while one of them waits. It stays where it is while they look of their own accord.
 * A marker that comes for a queue whose consumers have no place is put back, so that others hear of it; and
 * whoever waits for a queue that the question is not about ends it by a marker of our own.
 */
export class MarkerBoard {
  readonly #options: MarkerBoardOptions;
  /** In the order in which they are told. */
  readonly #waits = new Set<MarkerWait>();
  #client: Promise<OpenRedisClient> | undefined;
  /** Keys of the question under way. */
  #asked: ReadonlySet<string> | undefined;
  #isEnding = false;
  /** Beside the keys of the first queue, so that whoever may use those may use it. */
  #endKey = '';
  /** After a refusal. */
  #cancelPause: (() => void) | undefined;

  constructor(options: MarkerBoardOptions) {
    this.#options = options;
  }

  /** @param key - BullMQ puts a member into this set when there is work. */
  join(key: string): MarkerWait {
    this.#endKey ||= `${key}:${randomUUID()}`;
    const wait = new MarkerWait(key, this);
    this.#waits.add(wait);
    return wait;
  }

  /** `wait` has begun to wait. */
  attend(wait: MarkerWait): void {
    if (this.#asked === undefined) void this.#ask();
    else if (!this.#asked.has(wait.key)) this.#endQuestion();
  }

  leave(wait: MarkerWait): void {
    this.#waits.delete(wait);
    if (this.#waits.size === 0) this.#release();
    else if (this.#asked?.has(wait.key)) this.#endQuestion();
  }

  /** Puts a marker where others find it. @param lifeMs - how long it stays, if nobody does; milliseconds */
  mark(key: string, { member, score }: Marker, lifeMs?: number): void {
    // There are no others, and it would stay for ever.
    if (lifeMs === undefined && key.includes(`:${temporaryPrefix}`)) return;
    const { working, onError } = this.#options;
    working()
      .then((client) => Promise.all([client.zadd(key, score, member), lifeMs && client.pexpire(key, lifeMs)]))
      .catch(onError);
  }

  /** For a server that should have answered: what was asked is asked again on a new connection. */
  reconnect(): void {
    this.#client?.then(reconnect, () => {});
  }

  async #ask(): Promise<void> {
    const waits = [...this.#waits];
    if (this.#asked || this.#cancelPause || !waits.some(({ isWaiting }) => isWaiting)) return;
    const keys = new Set(waits.flatMap(({ hasPlace, key }) => (hasPlace ? [key] : [])));
    this.#asked = keys;
    const opening = (this.#client ??= this.#open());
    try {
      const reply = await this.#block(await opening, keys);
      if (this.#client !== opening) return;
      if (reply && reply[0] !== this.#endKey) this.#tell(...reply);
    } catch (error) {
      if (this.#client !== opening) return;
      this.#options.onError(error);
      this.#cancelPause = systemClock.setTimer(refusedMs, () => this.#goOn());
    }
    this.#asked = undefined;
    this.#isEnding = false;
    void this.#ask();
  }

  async #block(client: OpenRedisClient, keys: ReadonlySet<string>): ReturnType<OpenRedisClient['bzpopmin']> {
    const cancelTimer = systemClock.setTimer(blockSeconds * 1_000 + graceMs, () => reconnect(client));
    try {
      return await client.bzpopmin(...keys, this.#endKey, blockSeconds);
    } finally {
      cancelTimer();
    }
  }

  #tell(key: string, member: string, score: string): void {
    const marker = { member, score: Number(score) };
    const waits = [...this.#waits].filter((wait) => wait.key === key && wait.hasPlace);
    const wait = waits.find(({ isWaiting }) => isWaiting) ?? waits[0];
    if (wait === undefined) return this.mark(key, marker);
    this.#waits.delete(wait);
    this.#waits.add(wait);
    wait.tell(marker);
  }

  #goOn(): void {
    this.#cancelPause = undefined;
    void this.#ask();
  }

  #endQuestion(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.mark(this.#endKey, workMarker, endKeyMs);
  }

  async #open(): Promise<OpenRedisClient> {
    const client = await this.#options.open();
    // A marker may have gone down with the connection before.
    const wakeAll = (): void => this.#waits.forEach((wait) => wait.wake());
    client.once('ready', () => client.on('ready', wakeAll));
    return client;
  }

  #release(): void {
    this.#client?.then(this.#options.release, () => {});
    // A marker that was taken in the last moment is made good for.
    for (const key of this.#asked ?? []) this.mark(key, workMarker);
    this.#client = undefined;
    this.#asked = undefined;
    this.#isEnding = false;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }
}

/** One consumer's end of a {@link MarkerBoard}. */
export class MarkerWait {
  readonly key: string;
  readonly #board: MarkerBoard;
  #hasPlace = true;
  #closed = false;
  #resolve: (() => void) | undefined;
  /** Came while the consumer was looking. */
  #marker: Marker | undefined;

  constructor(key: string, board: MarkerBoard) {
    this.key = key;
    this.#board = board;
  }

  get isWaiting(): boolean {
    return this.#resolve !== undefined;
  }

  /** For more work than it has. */
  get hasPlace(): boolean {
    return this.#hasPlace;
  }

  /** Resolves when there may be work: a marker came, `untilMs` has come, or {@link wake}. */
  async wait(untilMs = Infinity): Promise<void> {
    if (this.#closed) return;
    this.#hasPlace = true;
    const wasTold = this.#marker !== undefined;
    this.#marker = undefined;
    if (wasTold) return;
    await new Promise<void>((resolve) => {
      const cancelTimer = systemClock.setTimer(Math.max(untilMs - systemClock.now(), 0), () => this.wake());
      this.#resolve = () => {
        this.#resolve = undefined;
        cancelTimer();
        resolve();
      };
      this.#board.attend(this);
    });
  }

  tell(marker: Marker): void {
    if (this.isWaiting) this.wake();
    else this.#marker = marker;
  }

  wake(): void {
    this.#resolve?.();
  }

  /** There is no place for work until the next {@link wait}: markers are for others. */
  rest(): void {
    this.#hasPlace = false;
    if (this.#marker) this.#board.mark(this.key, this.#marker);
    this.#marker = undefined;
  }

  close(): void {
    this.#closed = true;
    this.rest();
    this.wake();
    this.#board.leave(this);
  }
}
