import { Actor, ActorWorker, isLoomError } from '@certoai/loom-core';
import type { ActorContext, ActorWorkerOptions, Logger, LoomError, LoomErrorCode } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { expect, onTestFinished } from 'vitest';

export interface OpenWorker {
  readonly worker: ActorWorker;
  readonly clock: ManualClock;
}

/** A worker on a clock of its own, closed when the test ends, whatever its handlers are at. */
export function openWorker({ clock = new ManualClock(), ...options }: ActorWorkerOptions = {}): OpenWorker {
  const manual = clock as ManualClock;
  const worker = new ActorWorker('test', { clock: manual, ...options });
  onTestFinished(async () => {
    const closing = worker.close();
    await manual.advance(60_000);
    await closing;
  });
  return { worker, clock: manual };
}

export type Hook = 'start' | 'stop' | 'restart' | 'terminated' | 'receiveTimeout';

/** Writes down what happens to it; a function as message is called with the context. */
export function recorder(log: unknown[]): new () => Actor {
  return class Recorder extends Actor {
    override onStart(): void {
      log.push('start');
    }
    onReceive(message: unknown, context: ActorContext): unknown {
      if (typeof message === 'function') return message(context);
      log.push(message);
      return message;
    }
    override onStop(): void {
      log.push('stop');
    }
    override onRestart(error: unknown): void {
      log.push(`restart: ${(error as Error).message}`);
    }
    override onReceiveTimeout(): void {
      log.push('receive timeout');
    }
    override onTerminated(ref: { readonly path: string }): void {
      log.push(`terminated: ${ref.path}`);
    }
  };
}

export function boom(): never {
  throw new Error('boom');
}

export interface Gate<Value = void> {
  readonly opened: Promise<Value>;
  open(value: Value): void;
}

/** A promise that the test settles. */
export function gate<Value = void>(): Gate<Value> {
  let open!: (value: Value) => void;
  const opened = new Promise<Value>((resolve) => (open = resolve));
  return { opened, open };
}

export async function errorOf(action: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    return error;
  }
  throw new Error('It did not fail.');
}

/** The error of `action`, which has to be one of ours with `code`. */
export async function loomErrorOf(
  action: Promise<unknown> | (() => unknown),
  code: LoomErrorCode,
): Promise<LoomError> {
  const error = await errorOf(action);
  expect(error).toMatchObject({ name: 'LoomError', code });
  if (!isLoomError(error, code)) throw new Error('unreachable');
  return error;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function recordingLogger(lines: LogLine[], bound: Readonly<Record<string, unknown>> = {}): Logger {
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}

/** Resolves to what no handler caught while `action` ran. */
export async function unhandledDuring(action: () => Promise<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const listener = (reason: unknown): void => void seen.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', listener);
  try {
    await action();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', listener);
    for (const other of others) process.on('unhandledRejection', other);
  }
  return seen;
}
