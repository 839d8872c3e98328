import { type AuditProgress, doneTasks, type StageProgress } from './audit-progress.ts';

export interface RenderOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Lines that may be drawn, 1 or more. */
  readonly height: number;
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

/** One line a stage and one for the whole, none wider than the terminal, and no more than fit. */
export function renderProgress(
  progress: AuditProgress,
  { width, height, elapsedMs, color, hints }: RenderOptions,
): readonly string[] {
  const paint = painter(color);
  const room = Math.max(10, width - 1);
  const digits = Math.max(3, ...progress.stages.map(({ tasks }) => String(tasks).length));
  const stages = mostInteresting(progress.stages, Math.max(0, height - 1));
  const lines = stages.map((stage) => stageLine(stage, room, digits, paint));
  const waiting = progress.stages.some(({ status }) => status === 'waiting' || status === 'running');
  const shown = waiting ? hints.filter((hint) => hint.length <= room) : [];
  return [
    ...lines,
    fit(wholeLine(progress, elapsedMs), room, paint.bold),
    ...shown.slice(0, Math.max(0, height - lines.length - 1)).map(paint.dim),
  ];
}

function wholeLine(progress: AuditProgress, elapsedMs: number): string {
  const seconds = elapsedMs / 1000;
  const rate = seconds >= 0.2 ? Math.round(progress.finishedHere / seconds) : 0;
  const speed = rate > 0 ? [`${grouped(rate)}/s`] : [];
  return [`${grouped(doneTasks(progress))} tasks`, ...speed, `${seconds.toFixed(1)} s`].join(' · ');
}

/** In a low terminal: what runs before what is to come, and that before what is over. */
function mostInteresting(stages: readonly StageProgress[], height: number): readonly StageProgress[] {
  const over = ({ status }: StageProgress): boolean => status !== 'running' && status !== 'waiting';
  const kept = new Set(
    [
      ...stages.filter(({ status }) => status === 'running'),
      ...stages.filter(({ status }) => status === 'waiting'),
      ...stages.filter(over).toReversed(),
    ].slice(0, height),
  );
  return stages.filter((stage) => kept.has(stage));
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
