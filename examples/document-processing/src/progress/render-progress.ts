import { type AuditProgress, doneTasks, type StageProgress } from './audit-progress.ts';

export interface RenderOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Milliseconds since this process began to watch. */
  readonly elapsedMs: number;
  readonly color: boolean;
  /** Lines shown below while there is something to wait for, each if there is room for it. */
  readonly hints: readonly string[];
}

/** What the stages do, for somebody who watches. */
const labels: Readonly<Record<string, string>> = {
  find: 'find packages',
  read: 'read files',
  classify: 'recognise texts',
  copyright: 'collect holders',
  judge: 'compare fields',
  consolidate: 'bring together',
  explain: 'explain oddities',
  compose: 'compose report',
  write: 'write reports',
};

/** One line a stage and one for the whole, none wider than the terminal. */
export function renderProgress(
  progress: AuditProgress,
  { width, elapsedMs, color, hints }: RenderOptions,
): readonly string[] {
  const paint = painter(color);
  const room = Math.max(10, width - 1);
  const digits = Math.max(3, ...progress.stages.map(({ tasks }) => String(tasks).length));
  const lines = progress.stages.map((stage) => stageLine(stage, room, digits, paint));
  const seconds = elapsedMs / 1000;
  const rate = seconds >= 0.2 ? Math.round(progress.finishedHere / seconds) : 0;
  const whole = [
    `${grouped(doneTasks(progress))} tasks`,
    ...(rate > 0 ? [`${grouped(rate)}/s`] : []),
    `${seconds.toFixed(1)} s`,
  ].join(' · ');
  const waiting = progress.stages.some(({ status }) => status === 'waiting' || status === 'running');
  const shown = waiting ? hints.filter((hint) => hint.length <= room) : [];
  return [...lines, fit(whole, room, paint.bold), ...shown.map(paint.dim)];
}

function stageLine(
  { id, status, tasks, done, failed }: StageProgress,
  room: number,
  digits: number,
  paint: Painter,
): string {
  const label = (labels[id] ?? id).padEnd(17);
  const mark = marks[status];
  const counts =
    status === 'waiting' || status === 'skipped'
      ? status === 'skipped'
        ? 'not needed'
        : ''
      : `${String(done).padStart(digits)}/${tasks}`;
  const troubled = failed > 0 ? `  ${failed} unreadable` : '';
  const barWidth = Math.min(30, room - label.length - 2 * digits - troubled.length - 8);
  const head = `${mark} ${label}`;
  const tone =
    status === 'completed'
      ? paint.green
      : status === 'running'
        ? paint.cyan
        : status === 'failed'
          ? paint.red
          : paint.dim;
  if (status === 'waiting' || status === 'skipped')
    return fit(`${head} ${counts}`.trimEnd(), room, paint.dim);
  if (barWidth < 6) return fit(`${head} ${counts}${troubled}`, room, tone);
  return `${tone(head)} ${tone(bar(tasks === 0 ? 1 : done / tasks, barWidth))} ${counts}${paint.yellow(troubled)}`;
}

const marks: Readonly<Record<StageProgress['status'], string>> = {
  waiting: '·',
  running: '▸',
  completed: '✔',
  failed: '✘',
  skipped: '–',
  cancelled: '✘',
};

function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, share) * width * 8);
  const full = Math.floor(eighths / 8);
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '';
  return `${'█'.repeat(full)}${part}`.padEnd(width, '░');
}

function fit(text: string, room: number, paint: (text: string) => string): string {
  return paint(text.length > room ? `${text.slice(0, room - 1)}…` : text);
}

function grouped(number: number): string {
  return number.toLocaleString('en-GB');
}

interface Painter {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
}

export function painter(color: boolean): Painter {
  const wrap = (open: number, close: number) => (text: string) =>
    color && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    green: wrap(32, 39),
    cyan: wrap(36, 39),
    red: wrap(31, 39),
    yellow: wrap(33, 39),
  };
}
