import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { isPlainObject } from '../internal/plain-data.js';
import type { ActorMetadata } from '../metadata/actor-metadata.js';
import { escapeInterpolation } from './interpolate.js';

/** The text of a file that holds these actors. Loading it gives the same actors, whatever the environment. */
export async function formatActors(file: string, actors: readonly ActorMetadata[]): Promise<string> {
  const content = { actors: escapeTexts(actors) };
  if (extname(file) === '.json') return `${JSON.stringify(content, undefined, 2)}\n`;
  const { dump } = await import('js-yaml');
  return dump(content, { lineWidth: -1, noRefs: true });
}

let writes = 0;

/** Replaces the file in one step: a reader sees the old text or the new one, also after a crash. */
export async function replaceFile(file: string, text: string): Promise<void> {
  // Hidden and of no known kind, so that nobody takes it for actors.
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}-${++writes}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function escapeTexts(value: unknown): unknown {
  if (typeof value === 'string') return escapeInterpolation(value);
  if (Array.isArray(value)) return value.map(escapeTexts);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, escapeTexts(child)]));
}
