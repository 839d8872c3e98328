import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findRedisBinary } from './find-redis-binary.mjs';
import { startRedisServer } from './start-redis.mjs';

const binary = findRedisBinary();

/** Why tests that stop and start a server are skipped; `undefined` when they are not. */
export const noOwnRedis = binary ? undefined : 'no redis-server on this machine';

/** A server for one test: its data survives {@link stop} and {@link start}. */
export class OwnRedis {
  readonly #folder = mkdtempSync(join(tmpdir(), 'loom-own-redis-'));
  #running: Awaited<ReturnType<typeof startRedisServer>> | undefined;
  #pid = 0;
  #port: number | undefined;

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port ?? 0;
  }

  async start(...args: readonly string[]): Promise<this> {
    if (binary === undefined) throw new Error(noOwnRedis);
    // The command of all tests takes no arguments of one.
    const command = join(this.#folder, 'redis.sh');
    writeFileSync(command, `#!/bin/sh\nexec "${binary.command}" "$@" ${args.join(' ')}\n`, { mode: 0o755 });
    const options = {
      dir: this.#folder,
      appendOnly: true,
      ...(this.#port !== undefined && { port: this.#port }),
    };
    this.#running = await startRedisServer({ ...binary, command }, options);
    this.#port = Number(new URL(this.#running.url).port);
    await this.command(async (client) => {
      this.#pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
    });
    return this;
  }

  /** A cluster of one server, which refuses keys of two slots in one command like any other. */
  async startCluster(): Promise<this> {
    await this.start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    await this.command(async (client) => {
      await client.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => String(slot)));
      while (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await wait(50);
    });
    return this;
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** Stops answering, with all connections open. */
  freeze(): void {
    process.kill(this.#pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT');
  }

  kill(): void {
    process.kill(this.#pid, 'SIGKILL');
  }

  async command<Result>(run: (client: Redis) => Promise<Result>): Promise<Result> {
    const client = new Redis(this.url, { lazyConnect: true });
    client.on('error', () => {});
    try {
      await client.connect();
      return await run(client);
    } finally {
      client.disconnect();
    }
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
