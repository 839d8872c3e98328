import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const program = fileURLToPath(new URL('./notifying-process.ts', import.meta.url));

/** A process that runs `notifying-process.ts` on the sources, and does not outlive `await using`. */
export class NotifyingProcess implements AsyncDisposable {
  readonly #child;
  readonly #exited: Promise<unknown>;
  #said = '';
  #onText: () => void = () => undefined;

  constructor(moment: 'before' | 'after' | 'never', where: string) {
    const env = { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json`, NODE_NO_WARNINGS: '1' };
    const args = ['--import', 'tsx', program, moment, where];
    this.#child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on('data', (text: Buffer) => {
        this.#said += text.toString();
        this.#onText();
      });
    this.#child.once('exit', () => this.#onText());
  }

  /** Resolves with what follows `word` on a line. */
  async said(word: string): Promise<string> {
    for (;;) {
      const found = new RegExp(`^${word}(.*)\n`, 'm').exec(this.#said);
      if (found !== null) return (found[1] ?? '').trim();
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`The process ended without "${word}": ${this.#said}`);
      await new Promise<void>((resolve) => (this.#onText = resolve));
    }
  }

  /** Resolves when it has killed itself. */
  async died(): Promise<void> {
    await this.#exited;
    if (this.#child.signalCode !== 'SIGKILL') throw new Error(`The process ended by itself: ${this.#said}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
