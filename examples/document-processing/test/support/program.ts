import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export interface Ended {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard error holds `text`, or the program has ended. */
  said(text: string): Promise<void>;
}

/** Starts the real program, on the sources of Loom, in `cwd`. */
export function startAudit(cwd: string, args: readonly string[]): Running {
  const env = {
    ...process.env,
    NO_COLOR: '1',
    TSX_TSCONFIG_PATH: process.env['TSX_TSCONFIG_PATH'] ?? join(root, 'tsconfig.json'),
  };
  const child = spawn(process.execPath, ['--import', tsx, main, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  const listeners = new Set<() => void>();
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!stderr.includes(text)) return;
        listeners.delete(check);
        resolve();
      };
      listeners.add(check);
      void ended.then(() => resolve());
      check();
    });
  return { child, ended, said };
}

export async function runAudit(cwd: string, args: readonly string[]): Promise<Ended> {
  return startAudit(cwd, args).ended;
}
