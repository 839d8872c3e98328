import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { neededCommands } from '../../src/bullmq/redis-rights.js';

const source = new URL('../../src/', import.meta.url);

/** Commands in the Lua of our scripts: the first argument of `redis.call`, which is `C` in some. */
function commandsOf(file: string): readonly string[] {
  const text = readFileSync(new URL(file, source), 'utf8');
  return [...text.matchAll(/\b(?:redis\.call|C)\('([A-Z]+)'/g)].map(([, command = '']) => command);
}

test('every command of our scripts is among those a user is asked to have', () => {
  const files = ['bullmq', 'redis', 'blobs'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, source)).map((file) => `${folder}/${file}`),
  );
  const used = new Set(files.flatMap(commandsOf));
  expect(used.size).toBeGreaterThan(20);
  const needed = new Set(neededCommands.map((command) => command.split(' ')[0]));
  expect([...used].filter((command) => !needed.has(command))).toEqual([]);
});
