import { systemClock } from '@certoai/loom-core';
import type { InstanceChange } from '@certoai/loom-core';
import type { OpenRedisClient } from '../bullmq/redis-client.js';
import { reconnect } from '../bullmq/redis-connections.js';
import { instanceOf } from './instance-text.js';

/** What is used of a client that only listens. */
type Subscriber = OpenRedisClient & {
  subscribe(channel: string): Promise<unknown>;
  on(event: 'message', listener: (channel: string, text: string) => void): unknown;
};

interface Watch {
  /** It hears of later changes. */
  since: number;
  readonly tell: (change: InstanceChange) => void;
}

/** The number of the last change, and all instances. */
export type InstanceSnapshot = readonly [number: number, ...texts: readonly string[]];

export interface InstanceMirrorOptions {
  readonly channel: string;
  /** One look in this time, for those whose lease ended while nobody else called. Milliseconds. */
  readonly lookMs: number;
  /** Opens a connection that may wait for as long as it takes. */
  readonly open: () => Promise<OpenRedisClient>;
  readonly release: (client: OpenRedisClient) => void;
  readonly read: () => Promise<InstanceSnapshot>;
  readonly onError: (error: unknown) => void;
}

/**
 * Follows the changes while somebody watches. Their numbers rise by one, so that a gap shows when some were lost
 * with a connection: then what is there is compared with what was there.
 */
export class InstanceMirror {
  readonly #options: InstanceMirrorOptions;
  readonly #watches = new Set<Watch>();
  readonly #known = new Map<string, string>();
  /** Watches, and calls that are about to become one. */
  #users = 0;
  #starting: Promise<void> | undefined;
  #client: Subscriber | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Of the last change that is known. */
  #number = 0;
  /** Whether every change up to there was heard. */
  #isSure = false;

  constructor(options: InstanceMirrorOptions) {
    this.#options = options;
  }

  /** @returns the function that ends it */
  async watch(tell: (change: InstanceChange) => void): Promise<() => void> {
    this.#users += 1;
    try {
      await (this.#starting ??= this.#start());
      // What happened before now is told to the others only.
      const watch: Watch = { since: await this.#look(), tell };
      this.#watches.add(watch);
      return () => {
        if (this.#watches.delete(watch)) this.#leave();
      };
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** Ends every watch. */
  close(): void {
    for (const watch of this.#watches) {
      this.#watches.delete(watch);
      this.#leave();
    }
  }

  #leave(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#cancelTimer?.();
    if (this.#client) this.#options.release(this.#client);
    this.#client = this.#starting = undefined;
    this.#known.clear();
    this.#number = 0;
    this.#isSure = false;
  }

  async #start(): Promise<void> {
    const { channel, open, read } = this.#options;
    // Refused at once without a server: the connection that listens would wait for it.
    await read();
    const client = (this.#client = (await open()) as Subscriber);
    client.on('message', (_channel, text) => void this.#try(async () => this.#take(text)));
    await client.subscribe(channel);
    client.on('ready', () => {
      this.#isSure = false;
      void this.#try(async () => {
        await client.subscribe(channel);
        await this.#look();
      });
    });
    this.#lookLater(Infinity);
  }

  /** @param heard - changes that were published a look ago: one that is not known by now will not come any more */
  #lookLater(heard: number): void {
    this.#cancelTimer = systemClock.setTimer(this.#options.lookMs, () => {
      if (heard !== Infinity && heard > this.#number && this.#client) reconnect(this.#client);
      let seen = Infinity;
      void this.#try(async () => {
        seen = await this.#look();
      }).finally(() => {
        if (this.#users > 0) this.#lookLater(seen);
      });
    });
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#users > 0) this.#options.onError(error);
    }
  }

  /** @returns the number of the last change there is */
  async #look(): Promise<number> {
    const before = this.#number;
    const [number, ...texts] = await this.#options.read();
    if (number < before) {
      // The server has lost what it had, and counts anew.
      for (const watch of this.#watches) watch.since = -1;
      this.#isSure = false;
      this.#number = number;
    }
    if (!this.#isSure && number >= this.#number) this.#compare(number, texts);
    return number;
  }

  #take(text: string): void {
    const [number = '', kind = ''] = text.split(' ', 2);
    this.#hear(Number(number), kind, text.slice(number.length + kind.length + 2));
  }

  #hear(number: number, kind: string, text: string): void {
    if (number <= this.#number) return;
    const isNext = number === this.#number + 1;
    this.#number = number;
    this.#apply(number, kind, text);
    if (isNext || !this.#isSure) return;
    this.#isSure = false;
    void this.#try(async () => void (await this.#look()));
  }

  #compare(number: number, texts: readonly string[]): void {
    const now = new Map(texts.map((text) => [instanceOf(text).id, text]));
    this.#number = number;
    this.#isSure = true;
    // Which way one went was not heard; most often nobody was left to say it.
    for (const [id, text] of [...this.#known]) if (!now.has(id)) this.#apply(number, 'lease-ended', text);
    for (const [id, text] of now) {
      const before = this.#known.get(id);
      if (before !== text) this.#apply(number, before === undefined ? 'registered' : 'updated', text);
    }
  }

  #apply(number: number, kind: string, text: string): void {
    const instance = instanceOf(text);
    const isThere = kind === 'registered' || kind === 'updated';
    if (isThere) this.#known.set(instance.id, text);
    else this.#known.delete(instance.id);
    const change = (
      isThere ? { kind, instance } : { kind: 'gone', instance, reason: kind }
    ) as InstanceChange;
    for (const watch of [...this.#watches]) {
      // One listener may have ended another's watch.
      if (number <= watch.since || !this.#watches.has(watch)) continue;
      try {
        watch.tell(change);
      } catch {
        // A listener cannot undo a registration, nor keep the others from hearing of it.
      }
    }
  }
}
