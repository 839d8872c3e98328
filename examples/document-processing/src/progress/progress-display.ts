import type { AuditProgress, StageProgress } from './audit-progress.ts';
import { renderProgress } from './render-progress.ts';

/** Where progress is shown; `process.stderr` fits. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

export interface ProgressDisplayOptions {
  readonly screen: Screen;
  readonly color: boolean;
  /** Lines below the picture, such as how to try the kill. */
  readonly hints: readonly string[];
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
  /** The present state, asked for whenever it is drawn. */
  readonly progress: () => AuditProgress;
}

/** Redraws of a terminal, at most; lines of a log file come once in two seconds. Milliseconds. */
const periods = { frameMs: 80, lineMs: 2_000 } as const;

/** In a terminal a block that is drawn over itself; elsewhere a plain line now and then. */
export class ProgressDisplay {
  readonly #options: ProgressDisplayOptions;
  readonly #startedAt: number;
  readonly #ended = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #drawn = 0;
  #last = '';

  constructor(options: ProgressDisplayOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  start(): void {
    // Stages that an earlier process finished are not news.
    for (const { id, status } of this.#options.progress().stages)
      if (status !== 'waiting' && status !== 'running') this.#ended.add(id);
    if (this.#isTerminal) this.#options.screen.write('\u001B[?25l');
    else for (const hint of this.#options.hints) this.#options.screen.write(`${hint}\n`);
    this.#timer = setInterval(() => this.draw(), this.#isTerminal ? periods.frameMs : periods.lineMs);
    this.draw();
  }

  draw(): void {
    if (this.#isTerminal) this.#drawBlock();
    else this.#writeLines();
  }

  /** The last picture stays. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.draw();
    if (this.#isTerminal) this.#options.screen.write('\u001B[?25h');
  }

  get #isTerminal(): boolean {
    return this.#options.screen.isTTY === true;
  }

  #drawBlock(): void {
    const { screen, color, hints, now, progress } = this.#options;
    const { columns: width = 80, rows = 24 } = screen;
    // A block higher than the terminal cannot be drawn over: its first lines would scroll away.
    const height = Math.max(1, rows - 1);
    const lines = renderProgress(progress(), {
      width,
      height,
      elapsedMs: now() - this.#startedAt,
      color,
      hints,
    });
    const text = lines.map((line) => `${line}\u001B[K\n`).join('');
    if (text === this.#last) return;
    this.#last = text;
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A\r` : '';
    // One write between "begin" and "end synchronised update": no terminal shows half of it.
    screen.write(`\u001B[?2026h${up}${text}\u001B[J\u001B[?2026l`);
    this.#drawn = lines.length;
  }

  #writeLines(): void {
    const { screen, now, progress } = this.#options;
    const seconds = ((now() - this.#startedAt) / 1000).toFixed(1);
    const { stages } = progress();
    for (const stage of stages) {
      if (stage.status === 'waiting' || stage.status === 'running' || this.#ended.has(stage.id)) continue;
      this.#ended.add(stage.id);
      screen.write(`${seconds} s  ${stage.id}: ${ending(stage)}\n`);
    }
    if (this.#timer === undefined) return;
    for (const { id, done, tasks } of stages.filter(
      ({ status, done: some }) => status === 'running' && some > 0,
    )) {
      screen.write(`${seconds} s  ${id}: ${done} of ${tasks}\n`);
    }
  }
}

function ending({ status, tasks, failed }: StageProgress): string {
  if (status === 'skipped') return 'not needed';
  if (status !== 'completed') return status;
  return `${tasks} ${tasks === 1 ? 'task' : 'tasks'} done${failed > 0 ? `, ${failed} of them unreadable` : ''}`;
}
