// Where a real Redis server is on this machine.
import { spawnSync } from 'node:child_process';
import { downloadRedis } from './download-redis.mjs';

/**
 * A command that starts a real server: what a test needs that restarts Redis, or wants append-only files.
 *
 * @typedef {{ readonly name: string, readonly command: string, readonly env: NodeJS.ProcessEnv }} RedisBinary
 */

/** @returns {RedisBinary | undefined} `redis-server` or `valkey-server` on PATH, else Debian's package in a folder of our own */
export function findRedisBinary() {
  const skipped = (process.env.LOOM_REDIS_SKIP ?? '').split(',');
  const onPath = ['redis-server', 'valkey-server']
    .filter((command) => !skipped.includes(command))
    .map((command) => ({ name: command, command, env: process.env }))
    .find(runs);
  if (onPath) return onPath;
  if (skipped.includes('download')) return undefined;
  const downloaded = downloadRedis();
  return downloaded && runs(downloaded) ? downloaded : undefined;
}

/** @param {RedisBinary} binary */
function runs({ command, env }) {
  return spawnSync(command, ['--version'], { env, stdio: 'ignore' }).status === 0;
}
