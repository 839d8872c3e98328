import { LoomError, silentLogger } from '@certoai/loom-core';
import type { Clock, Logger } from '@certoai/loom-core';
import type { RedisSource } from '../bullmq/bullmq-message-queue-options.js';
import { runScript } from '../bullmq/queue-scripts.js';
import type { QueueScript } from '../bullmq/queue-scripts.js';
import type { OpenRedisClient } from '../bullmq/redis-client.js';
import { RedisConnections } from '../bullmq/redis-connections.js';
import { forgetArguments, isOutOfMemory, isReply, translateRedisError } from '../bullmq/redis-error.js';

/** Between two tries while the connection itself is there; milliseconds. */
const pauseMs = 100;

export interface RedisCallsOptions {
  readonly source: RedisSource;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly commandTimeoutMs: number;
}

/**
 * Runs scripts on one connection. While the server is away, a call is sent again and again for a bounded time:
 * half of it to get a connection, and half to get the answer. So scripts must know their own repetition.
 */
export class RedisCalls {
  readonly #connections: RedisConnections;
  readonly #clock: Clock;
  readonly #halfMs: number;
  #client: OpenRedisClient | undefined;
  #waiting: Promise<OpenRedisClient> | undefined;
  #lastError: unknown;
  #lastCall = 0;

  constructor({ source, logger, clock, commandTimeoutMs }: RedisCallsOptions) {
    this.#halfMs = commandTimeoutMs / 2;
    this.#clock = clock;
    const overrides = {
      // What is on its way when a connection ends is rejected at once, and a connection that is silent ends.
      maxRetriesPerRequest: 0,
      commandTimeout: undefined,
      socketTimeout: this.#halfMs,
      // Done here, where it is known for how long.
      reconnectOnError: () => false,
    };
    const listener: Logger = {
      ...silentLogger,
      warn: (message, fields) => {
        this.#lastError = fields?.['error'];
        logger.warn(message, fields);
      },
    };
    this.#connections = new RedisConnections({ source, overrides, logger: listener });
  }

  /**
   * @param doing - for people: "store an execution"
   * @throws LoomError `LOOM_STORE_FAILED`, `LOOM_STORE_FULL`
   */
  async run(
    script: QueueScript,
    key: string,
    args: readonly (string | number)[],
    doing: string,
  ): Promise<unknown> {
    const until = this.#clock.now() + this.#halfMs;
    const echoing = echoingScript(script);
    // It is in the same slot of a cluster as the key that it begins with.
    const call = `${key}\0${(this.#lastCall += 1)}`;
    // In one array, which ioredis takes as well: a call of a function takes a hundred thousand arguments at most.
    const all = [[key, call, ...args]] as unknown as readonly string[];
    /** What the server said last, if it said anything. */
    let said: unknown;
    for (;;) {
      let client = this.#client;
      try {
        if (client?.status !== 'ready') client = await this.#within(until, (this.#waiting ??= this.#wait()));
        const [answered, reply = null] = ((await runScript(client, echoing, all)) ??
          []) as readonly unknown[];
        if (answered === call) return reply;
        // A connection that gives what another call is due gives nobody what is theirs.
        client.disconnect(true);
        throw new Error('the answer was lost');
      } catch (error) {
        if (isAnswer(error)) throw this.#translate(error, doing);
        if (isReply(error)) said = error;
        if (this.#clock.now() >= until) throw this.#translate(said ?? this.#lastError ?? error, doing);
        if (isFromReplica(error)) client?.disconnect(true);
        if (client?.status === 'ready') await this.#pause();
      }
    }
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  async #wait(): Promise<OpenRedisClient> {
    try {
      const client = (this.#client ??= await this.#connections.sending());
      if (client.status !== 'ready') await new Promise<void>((resolve) => client.once('ready', resolve));
      this.#lastError = undefined;
      return client;
    } finally {
      this.#waiting = undefined;
    }
  }

  #within<Value>(until: number, promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new Error('Connection is closed'));
      const cancelTimer = this.#clock.setTimer(Math.max(0, until - this.#clock.now()), giveUp);
      void promise.then(resolve, reject).finally(cancelTimer);
    });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(pauseMs, resolve));
  }

  #translate(error: unknown, doing: string): LoomError {
    forgetArguments(error);
    if (!isOutOfMemory(error)) return translateRedisError(error, doing);
    const message =
      `Redis has no memory left, so it refused to ${doing}. ` +
      'Raise maxmemory, or let executions finish and retention remove them; then try again.';
    return new LoomError('LOOM_STORE_FULL', message, {}, { cause: error });
  }
}

const echoingScripts = new WeakMap<QueueScript, QueueScript>();

/**
 * The same, which answers with the name of its call before its reply: in reconnections under load, a client was
 * seen to give a call an answer that was none of it.
 */
function echoingScript(script: QueueScript): QueueScript {
  const known = echoingScripts.get(script);
  if (known !== undefined) return known;
  const { name, keys = 1, lua } = script;
  const echoing = { name, keys: keys + 1, lua: `return {KEYS[2],(function()\n${lua}\nend)()}` };
  echoingScripts.set(script, echoing);
  return echoing;
}

/** Trying again would not change it: a refusal of the server, or a mistake of a program. */
function isAnswer(error: unknown): boolean {
  if (error instanceof LoomError || error instanceof TypeError || error instanceof RangeError) return true;
  return isReply(error) && !/\b(READONLY|LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN)\b/.test(error.message);
}

/** A failover leaves connections to the old primary behind. */
function isFromReplica(error: unknown): boolean {
  return error instanceof Error && /\bREADONLY\b/.test(error.message);
}
