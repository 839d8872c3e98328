import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const program = fileURLToPath(new URL('./member.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export type Role = 'orchestrator' | 'worker' | 'client';

/** One place in the fleet; a process that is killed is followed by another in the same place. */
export class Member {
  readonly role: Role;
  /** What its processes said. */
  readonly lines: string[] = [];
  readonly #args: (generation: number) => readonly string[];
  #child: ChildProcess | undefined;
  #generation = 0;

  constructor(role: Role, args: (generation: number) => readonly string[]) {
    this.role = role;
    this.#args = args;
  }

  get generation(): number {
    return this.#generation;
  }

  start(): void {
    const args = ['--import', tsx, program, this.role, ...this.#args((this.#generation += 1))];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => this.lines.push(...text.toString().trimEnd().split('\n')));
    this.#child = child;
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void {
    this.#child?.kill(signal);
  }

  async replace(): Promise<void> {
    await this.end();
    this.start();
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
