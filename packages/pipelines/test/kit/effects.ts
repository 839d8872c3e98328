import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ActorFunction, TaskContext } from '@certoai/loom-core';

/** Doubles a number; takes a while, and some fail once. Its effect is its idempotency key in a file. */
export function doubling(folder: string): ActorFunction {
  return async (input, { attempt, idempotencyKey }: TaskContext) => {
    const number = input as number;
    await wait(40);
    if (number % 7 === 0 && attempt === 1) throw new Error(`the first attempt of ${number} fails`);
    noteEffect(folder, idempotencyKey);
    return number * 2;
  };
}

/** A line in a file of this process. */
export function noteEffect(folder: string, line: string): void {
  appendFileSync(join(folder, `${process.pid}.done`), `${line}\n`);
}

/** What all processes have noted. */
export function effectsIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}
