import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./other-process.ts', import.meta.url));
const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** A process that runs `other-process.ts`, and the lines it says. */
export class OtherProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exit: Promise<unknown>;
  #said = '';
  #listener: (() => void) | undefined;

  constructor(...args: readonly string[]) {
    // The root's tsconfig.json has the paths that lead to the sources.
    this.#child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exit = once(this.#child, 'close');
    this.#child.stdout.on('data', (text: Buffer) => {
      this.#said += text.toString();
      this.#listener?.();
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Complete lines only. */
  get lines(): readonly string[] {
    return this.#said.split('\n').slice(0, -1);
  }

  /** Resolves once it has said so many lines, or has ended. */
  async said(lines: number): Promise<void> {
    const enough = new Promise<void>((resolve) => {
      this.#listener = () => {
        if (this.lines.length >= lines) resolve();
      };
      this.#listener();
    });
    await Promise.race([enough, this.#exit]);
  }

  /** As an operator or the kernel would: nothing of its own code runs any more. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  async ended(): Promise<void> {
    this.#child.stdin.end();
    await this.#exit;
  }
}
