import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReleaseStack } from '@certoai/loom-core';
import { OwnRedis } from '../../../../scripts/redis/own-redis.js';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';
import { Loom, type StartOptions } from '../../src/index.js';
import { ChildProgram } from './child-program.js';
import { doubling, effectsIn, noteEffect } from './effects.js';

/** Of everything that a test of this stand configures. */
export const leaseMs = 1_000;

const items = Array.from({ length: 150 }, (_, n) => n);
const scatter = { over: 'input', concurrency: 10 };
const retry = { maxAttempts: 4, initialDelayMs: 20, jitter: false };

/** Half of its tasks run in another process, and half here. */
export const definition = {
  name: 'measure and label',
  stages: [
    { id: 'measure', mode: 'scatter', scatter, actor: 'measure', retry },
    { id: 'label', mode: 'scatter', scatter, actor: 'label', retry },
    { id: 'total', actor: 'total', dependsOn: ['measure', 'label'], retry },
  ],
};
export const input = items;
export const expected = 2 * items.reduce((sum, n) => sum + 2 * n, 0);

/** The effects that one execution of {@link definition} has, in order. */
export function effectsOf(id: string): readonly string[] {
  const each = items.flatMap((n) => [`${id}/measure/${n}`, `${id}/label/${n}`]);
  return [...each, `${id}/total/0`].sort();
}

interface Upstream {
  readonly measure: readonly number[];
  readonly label: readonly number[];
}

/** A Loom here and a worker in another process, on a Redis of their own that they reach through a proxy. */
export class RedisStand implements AsyncDisposable {
  readonly redis: OwnRedis;
  readonly proxy: TcpProxy;
  readonly folder = mkdtempSync(join(tmpdir(), 'loom-stand-'));
  readonly #releases = new ReleaseStack();
  readonly #servers: OwnRedis[] = [];
  #loom: Loom | undefined;

  private constructor(redis: OwnRedis, proxy: TcpProxy) {
    this.redis = redis;
    this.proxy = proxy;
    this.#servers.push(redis);
  }

  static async open(): Promise<RedisStand> {
    const redis = await new OwnRedis().start();
    const stand = new RedisStand(redis, await TcpProxy.to(redis.url));
    stand.#releases.add('folder', () => rmSync(stand.folder, { recursive: true, force: true }));
    stand.#releases.add('redis', () => stand.#removeServers());
    stand.#releases.add('proxy', () => stand.proxy.close());
    try {
      const { url } = stand.proxy;
      stand.#use(await ChildProgram.start('doubling-worker.ts', url, stand.folder, String(leaseMs)));
      const loom = new Loom({ redis: { url }, worker: { leaseMs } });
      stand.#use(loom);
      loom.registerActor('label', doubling(stand.folder));
      loom.registerActor('total', ({ measure, label }: Upstream, { idempotencyKey }) => {
        noteEffect(stand.folder, idempotencyKey);
        return [...measure, ...label].reduce((sum, n) => sum + n, 0);
      });
      await loom.initialize();
      stand.#loom = loom;
      return stand;
    } catch (error) {
      await stand[Symbol.asyncDispose]();
      throw error;
    }
  }

  get loom(): Loom {
    if (this.#loom === undefined) throw new Error('the stand is not open');
    return this.#loom;
  }

  /** One more server, which goes when the others do. */
  async another(): Promise<OwnRedis> {
    const redis = await new OwnRedis().start();
    this.#servers.push(redis);
    return redis;
  }

  start(options?: StartOptions): ReturnType<Loom['startPipeline']> {
    return this.loom.startPipeline(definition, input, options);
  }

  effects(): readonly string[] {
    return effectsIn(this.folder);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#releases.close();
  }

  #use(what: AsyncDisposable): void {
    this.#releases.add(what.constructor.name, () => what[Symbol.asyncDispose]());
  }

  async #removeServers(): Promise<void> {
    // One that is asked to stop would wait for its replicas.
    for (const server of this.#servers) server.kill();
    for (const server of this.#servers) await server.remove();
  }
}
