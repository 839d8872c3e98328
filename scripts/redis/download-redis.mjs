// Debian's Redis in a folder of our own: needs apt, not root, and changes nothing else on the machine.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../lib/paths.mjs';

const packages = ['redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];
const timeoutMs = 60_000;

/** @returns {import('./find-redis-binary.mjs').RedisBinary | undefined} `undefined` without apt or a reachable mirror */
export function downloadRedis() {
  const folder = join(cacheFolder, 'redis');
  const binary = join(folder, 'redis-server');
  if (!existsSync(binary) && !unpackInto(folder, binary)) return undefined;
  const libraries = readdirSync(join(folder, 'usr/lib'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, 'usr/lib', entry.name));
  const path = [...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return {
    name: 'redis-server (downloaded)',
    command: binary,
    env: { ...process.env, LD_LIBRARY_PATH: path },
  };
}

/**
 * @param {string} folder
 * @param {string} binary
 */
function unpackInto(folder, binary) {
  if (process.platform !== 'linux') return false;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  const options = [
    ['Dir::State::lists', join(folder, 'lists')],
    ['Dir::Cache', join(folder, 'cache')],
    ['Debug::NoLocking', '1'],
    ['APT::Sandbox::User', ''],
    ['Acquire::Retries', '1'],
    ['Acquire::http::Timeout', '10'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  /** @param {string} command @param {string[]} args */
  const succeeds = (command, ...args) =>
    spawnSync(command, args, { cwd: folder, stdio: 'ignore', timeout: timeoutMs }).status === 0;
  const unpacked =
    succeeds('apt-get', ...options, 'update') &&
    succeeds('apt-get', ...options, 'download', ...packages) &&
    readdirSync(folder)
      .filter((name) => name.endsWith('.deb'))
      .every((name) => succeeds('dpkg', '-x', name, '.'));
  // One program under several names: it is the server when called so.
  if (unpacked) symlinkSync('usr/bin/redis-check-rdb', binary);
  else rmSync(folder, { recursive: true, force: true });
  return unpacked;
}
