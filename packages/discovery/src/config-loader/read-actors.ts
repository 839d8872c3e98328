import { frozenCopy, isPlainObject } from '../internal/plain-data.js';
import { actorMetadataSchemaNow } from '../metadata/actor-metadata-schema.js';
import type { ActorMetadata } from '../metadata/actor-metadata.js';
import { describeProblems, type MetadataProblem } from '../metadata/describe-problems.js';
import type { Environment } from './interpolate.js';
import { interpolateValues } from './interpolate-values.js';
import { parseDocument } from './parse-document.js';

/** One file as it was read. */
export interface ActorFile {
  /** An absolute path. */
  readonly file: string;
  /** The path as messages name it. */
  readonly shown: string;
  readonly text: string;
}

export interface ReadActors {
  readonly actors: readonly ActorMetadata[];
  readonly problems: readonly MetadataProblem[];
}

/** What the files say of actors, in their order. Everything that is wrong with any of them is found. */
export async function readActors(files: readonly ActorFile[], environment: Environment): Promise<ReadActors> {
  const problems: MetadataProblem[] = [];
  const placeByVersion = new Map<string, string>();
  const actors: ActorMetadata[] = [];
  for (const file of files) {
    const read = await readActorFile(file, environment);
    problems.push(...read.problems);
    for (const { metadata, line } of read.entries) {
      const name = `${metadata.type}@${metadata.version}`;
      const place = `${file.shown}:${line}`;
      const before = placeByVersion.get(name);
      if (before === undefined) {
        placeByVersion.set(name, place);
        actors.push(metadata);
        continue;
      }
      const message = `type (${place}) is "${metadata.type}" in version ${metadata.version}, which ${before} has already. Remove one of them, or give it another version.`;
      problems.push({ path: 'type', file: file.file, line, message });
    }
  }
  return { actors, problems };
}

interface Entry {
  readonly metadata: ActorMetadata;
  readonly line: number | undefined;
}

async function readActorFile(
  { file, shown, text }: ActorFile,
  environment: Environment,
): Promise<{ readonly entries: readonly Entry[]; readonly problems: readonly MetadataProblem[] }> {
  const parsed = await parseDocument(file, text);
  if ('problem' in parsed) {
    const { problem, line, column } = parsed;
    const place = [shown, line, column].filter((part) => part !== undefined).join(':');
    return { entries: [], problems: [{ path: '', file, line, message: `${place} ${problem}` }] };
  }
  const { lineOf } = parsed;
  const placeOf = (path: readonly string[]) => {
    const line = lineOf(path);
    return { text: line === undefined ? shown : `${shown}:${line}`, file, line };
  };
  const problem = (path: readonly string[], said: string): MetadataProblem => {
    const { text: place, line } = placeOf(path);
    const name = path.join('.');
    return { path: name, file, line, message: name ? `${name} (${place}) ${said}` : `${place} ${said}` };
  };

  const { values, problems, namesAt } = interpolateValues(parsed.values, environment);
  if (problems.length > 0) {
    return { entries: [], problems: problems.map(({ path, message }) => problem(path, message)) };
  }
  const listed = listIn(values);
  if ('problem' in listed) return { entries: [], problems: [problem(listed.path, listed.problem)] };

  const entries: Entry[] = [];
  const found: MetadataProblem[] = [];
  listed.items.forEach(({ path: base, value }) => {
    const result = actorMetadataSchemaNow().safeParse(value);
    if (result.success) {
      entries.push({ metadata: frozenCopy(result.data), line: lineOf([...base, 'type']) });
      return;
    }
    const context = {
      placeOf: (path: readonly string[]) => placeOf([...base, ...path]),
      hiddenAt: (path: readonly string[]) => {
        const names = namesAt([...base, ...path]);
        return names.length === 0 ? undefined : `text with ${names.map((name) => `\${${name}}`).join(', ')}`;
      },
    };
    found.push(...describeProblems(result.error.issues, value, context));
  });
  return { entries, problems: found };
}

type Listed =
  | { readonly items: readonly { readonly path: readonly string[]; readonly value: unknown }[] }
  | { readonly path: readonly string[]; readonly problem: string };

/** A file holds one actor, a list of actors, or `actors:` with a list. */
function listIn(values: unknown): Listed {
  const items = (list: readonly unknown[], base: readonly string[]): Listed => ({
    items: list.map((value, index) => ({ path: [...base, String(index)], value })),
  });
  if (Array.isArray(values)) return items(values, []);
  if (!isPlainObject(values)) {
    return {
      path: [],
      problem: 'holds no actor. Give its fields, a list of actors, or actors: with a list.',
    };
  }
  if (!('actors' in values)) return { items: [{ path: [], value: values }] };
  const other = Object.keys(values).find((key) => key !== 'actors');
  if (other !== undefined) {
    return { path: [other], problem: 'is not a field. Beside actors, a file holds nothing.' };
  }
  if (!Array.isArray(values.actors))
    return { path: ['actors'], problem: 'is no list. Give a list of actors.' };
  return items(values.actors, ['actors']);
}
