import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { applyEvent, type AuditProgress, doneTasks, progressOf } from '../../src/progress/audit-progress.ts';
import { ProgressDisplay, type Screen } from '../../src/progress/progress-display.ts';
import { renderProgress } from '../../src/progress/render-progress.ts';

const stage = (id: string, status: string, tasks = 0, done = 0, failed = 0) =>
  ({ id, status, tasks, done, failed }) as AuditProgress['stages'][number];
const halfway: AuditProgress = {
  finishedHere: 1_200,
  stages: [
    stage('find', 'completed', 1, 1),
    stage('read', 'completed', 968, 968),
    stage('classify', 'running', 2_548, 1_274, 3),
    stage('copyright', 'running', 1_552, 0),
    stage('explain', 'skipped'),
    stage('write', 'waiting'),
  ],
};
const at = { executionId: 'x', at: 0 } as const;
const task = {
  ...at,
  stage: 'read',
  index: 0,
  attempt: 1,
  token: 1,
  actor: 'reader',
  durationMs: 1,
} as const;
const error = { name: 'Error', message: 'x' } as const;

test('counts what events say', () => {
  let progress: AuditProgress = { finishedHere: 0, stages: [stage('read', 'waiting')] };
  const see = (event: Parameters<typeof applyEvent>[1]): void => {
    progress = applyEvent(progress, event);
  };
  see({ ...at, type: 'stage:started', stage: 'read', tasks: 3 });
  see({ ...task, type: 'task:started' });
  see({ ...task, type: 'task:failed', error, willRetry: true });
  see({ ...task, type: 'task:completed' });
  see({ ...task, index: 1, type: 'task:failed', error, willRetry: false });
  expect(progress).toEqual({ finishedHere: 2, stages: [stage('read', 'running', 3, 2, 1)] });
  see({ ...task, index: 2, type: 'task:completed' });
  see({ ...task, index: 2, type: 'task:completed' });
  expect(doneTasks(progress)).toBe(3);
  see({ ...at, type: 'stage:completed', stage: 'read', tasks: 3, failed: 1 });
  expect(progress.stages).toEqual([stage('read', 'completed', 3, 3, 1)]);
});

test('begins with what an earlier process did', () => {
  const stored = {
    ...stage('read', 'running', 10, 4),
    mode: 'scatter',
    startedAt: 1,
    finishedAt: undefined,
    failure: undefined,
  };
  expect(doneTasks(progressOf({ stages: [stored] }))).toBe(4);
});

test.each([10, 20, 39, 40, 60, 80, 120, 300])('no line is wider than a terminal of %i columns', (width) => {
  for (const color of [true, false]) {
    const lines = renderProgress(halfway, {
      width,
      height: 24,
      elapsedMs: 1_500,
      color,
      hints: ['Try it: "kill -9 1234" in another terminal'],
    });
    for (const line of lines)
      expect([...stripVTControlCharacters(line)].length).toBeLessThanOrEqual(Math.max(10, width - 1));
  }
});

test('shows stages with bars, counts and speed', () => {
  const lines = renderProgress(halfway, {
    width: 80,
    height: 24,
    elapsedMs: 1_500,
    color: false,
    hints: ['a hint', 'a hint as long as two lines, for which there is no room '.repeat(3)],
  });
  expect(lines).toEqual([
    '✔ find packages     ██████████████████████████████    1/1',
    '✔ read files        ██████████████████████████████  968/968',
    '▸ recognise texts   ███████████████░░░░░░░░░░░░░░░ 1274/2548  3 unreadable',
    '▸ collect holders   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    0/1552',
    '– explain oddities  not needed',
    '· write reports',
    '2,243 tasks · 800/s · 1.5 s',
    'a hint',
  ]);
});

test('a finished audit has no hints left', () => {
  const done = { finishedHere: 1, stages: [stage('write', 'completed', 2, 2), stage('explain', 'skipped')] };
  expect(
    renderProgress(done, { width: 80, height: 24, elapsedMs: 0, color: false, hints: ['a hint'] }),
  ).toHaveLength(3);
});

class FakeScreen implements Screen {
  readonly writes: string[] = [];
  readonly isTTY: boolean;
  columns = 80;
  rows = 24;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.writes.push(text);
  }
}

function displayOn(screen: Screen, state: { progress: AuditProgress; now: number }): ProgressDisplay {
  return new ProgressDisplay({
    screen,
    color: false,
    hints: [],
    now: () => state.now,
    progress: () => state.progress,
  });
}

test('a terminal is drawn over, in one write a picture, and only when something changed', () => {
  const screen = new FakeScreen(true);
  const state = { progress: halfway, now: 0 };
  const display = displayOn(screen, state);
  display.start();
  display.draw();
  state.now = 500;
  display.draw();
  display.stop();
  const [hide, first, second, show] = screen.writes;
  expect(screen.writes).toHaveLength(4);
  expect(hide).toBe('\u001B[?25l');
  expect(first?.startsWith('\u001B[?2026h✔')).toBe(true);
  expect(second).toContain(`\u001B[${halfway.stages.length + 1}A\r`);
  expect(show).toBe('\u001B[?25h');
});

test('a terminal of few rows shows what runs, in lines that still can be drawn over', () => {
  const screen = new FakeScreen(true);
  screen.rows = 4;
  const state = { progress: halfway, now: 0 };
  const display = displayOn(screen, state);
  display.start();
  state.now = 900;
  display.stop();
  expect(screen.writes[1]?.match(/\n/g)).toHaveLength(3);
  expect(screen.writes[1]).toMatch(/recognise texts.*\n.*collect holders.*\n2,243 tasks/);
  expect(screen.writes[2]).toContain('\u001B[3A\r');
});

test('elsewhere each stage that ends is one plain line', () => {
  const screen = new FakeScreen(false);
  const state = {
    progress: {
      finishedHere: 0,
      stages: [
        stage('find', 'completed', 1, 1),
        stage('read', 'running', 968, 12),
        stage('write', 'waiting'),
      ],
    } as AuditProgress,
    now: 0,
  };
  const display = displayOn(screen, state);
  display.start();
  state.now = 2_000;
  state.progress = {
    finishedHere: 0,
    stages: [
      stage('find', 'completed', 1, 1),
      stage('read', 'completed', 968, 968, 2),
      stage('write', 'running', 2, 0),
    ],
  };
  display.draw();
  display.stop();
  expect(screen.writes).toEqual([
    '0.0 s  read: 12 of 968\n',
    '2.0 s  read: 968 tasks done, 2 of them unreadable\n',
  ]);
});
