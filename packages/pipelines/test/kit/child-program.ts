import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** A program of this kit in a process of its own, which a test may kill. It ends when its standard input does. */
export class ChildProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  #errors = '';

  /** @param program - beside this file */
  constructor(program: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(program, import.meta.url));
    this.#child = spawn(process.execPath, ['--import', tsx, path, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let rest = '';
    this.#child.stdout?.on('data', (text: Buffer) => {
      const lines = (rest + text.toString()).split('\n');
      rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      for (const look of this.#waiting) look();
    });
    this.#child.stderr?.on('data', (text: Buffer) => (this.#errors += text.toString()));
    this.#child.once('close', () => {
      for (const look of this.#waiting) look();
    });
  }

  /** Starts `program`, and resolves when it has said `ready`. */
  static async start(program: string, ...args: readonly string[]): Promise<ChildProgram> {
    const child = new ChildProgram(program, args);
    await child.says('ready');
    return child;
  }

  /** Resolves with the first line that begins with `start`. @throws when the process ends without it */
  says(start: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const line = this.#lines.find((one) => one.startsWith(start));
        if (line === undefined && !this.#hasEnded) return;
        this.#waiting.delete(look);
        if (line === undefined) reject(new Error(`it ended and never said "${start}": ${this.#errors}`));
        else resolve(line);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
