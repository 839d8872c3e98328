// Child processes of the scripts: quiet while they succeed.
import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { root, tool } from './paths.mjs';

/** What every child gets: this repository's tools on PATH, and nothing that phones home or asks questions. */
export const childEnv = {
  ...process.env,
  PATH: tool('.bin') + delimiter + (process.env.PATH ?? ''),
  npm_config_loglevel: 'error',
  npm_config_update_notifier: 'false',
  NX_DAEMON: 'false',
  NX_NO_CLOUD: 'true',
};

/**
 * Runs a command and keeps what it prints.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ readonly ok: boolean, readonly output: string }>}
 */
export function capture(command, args, { cwd = root, env = childEnv } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      shell: needsShell(command),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.once('error', (error) => resolve({ ok: false, output: `${output}${error.message}\n` }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}

/**
 * Runs a command in the foreground.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>} its exit code; 128 + n when signal n ended it
 */
export function show(command, args, env = childEnv) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, shell: needsShell(command), stdio: 'inherit' });
    // The terminal sends Ctrl-C to the child as well: let it end in its own way, then follow.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    const terminate = () => child.kill('SIGTERM');
    process.on('SIGTERM', terminate);
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', terminate);
      resolve(code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 137));
    });
  });
}

/**
 * npx and pnpm are .cmd files on Windows, which only a shell starts.
 *
 * @param {string} command
 */
function needsShell(command) {
  return process.platform === 'win32' && ['npm', 'npx', 'pnpm'].includes(command);
}
