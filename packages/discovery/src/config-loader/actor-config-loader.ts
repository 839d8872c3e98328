import { extname, resolve } from 'node:path';
import { type Clock, type Logger, LoomError, silentLogger, systemClock } from '@certoai/loom-core';
import { wholeNumber } from '../internal/numeric-option.js';
import type { ActorMetadata, ActorMetadataInput } from '../metadata/actor-metadata.js';
import { invalidMetadata } from '../metadata/describe-problems.js';
import { parseActorMetadata } from '../metadata/parse-actor-metadata.js';
import { ActorConfigWatch, type ActorConfigWatchOptions } from './actor-config-watch.js';
import { extensions, readFiles, shownPath, snapshotFiles } from './actor-files.js';
import type { Environment } from './interpolate.js';
import { readActors } from './read-actors.js';
import { formatActors, replaceFile } from './write-actors.js';

export interface ActorConfigLoaderOptions {
  /** What `${NAME}` stands for; read anew at each load. @default `process.env` */
  readonly env?: Environment | undefined;
  /** Where relative paths start, and what paths in messages are relative to. @default `process.cwd()` */
  readonly cwd?: string | undefined;
  /** How long files must be the same before a watch reads them. Milliseconds, 1 to 60_000. @default 100 */
  readonly debounceMs?: number | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
}

/** Actor metadata in YAML and JSON files. Each holds one actor, a list of actors, or `actors:` with a list. */
export class ActorConfigLoader implements AsyncDisposable {
  readonly #options: ActorConfigLoaderOptions;
  readonly #debounceMs: number;
  readonly #watches = new Set<Promise<ActorConfigWatch | undefined>>();
  #closing: Promise<void> | undefined;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor(options: ActorConfigLoaderOptions = {}) {
    this.#options = options;
    this.#debounceMs = wholeNumber('debounceMs', options.debounceMs, 100, { min: 1, max: 60_000 });
  }

  /**
   * @param path - a file, or a folder whose `.yaml`, `.yml` and `.json` files are read at any depth, by name
   * @returns the actors of all files, frozen, in the order of the files
   * @throws LoomError `LOOM_NOT_FOUND`, `LOOM_CLOSED`
   * @throws LoomError `LOOM_INVALID_CONFIG` for everything that is wrong; `details.problems` lists each
   */
  async load(path: string): Promise<readonly ActorMetadata[]> {
    this.#checkOpen();
    const cwd = this.#cwd();
    const files = await readFiles(await snapshotFiles(path, cwd), cwd);
    const { actors, problems } = await readActors(files, this.#environment());
    if (problems.length > 0) throw invalidMetadata(problems);
    return actors;
  }

  /**
   * Writes a file that {@link load} reads as the same actors, in one step: no reader sees half of it.
   * @param path - `.yaml`, `.yml` or `.json`, in a folder that is there
   * @throws LoomError `LOOM_INVALID_CONFIG` when an actor or the path cannot be used, `LOOM_CLOSED`
   */
  async write(path: string, actors: readonly ActorMetadataInput[]): Promise<void> {
    this.#checkOpen();
    const file = resolve(this.#cwd(), path);
    const shown = shownPath(file, this.#cwd());
    if (!extensions.includes(extname(file))) {
      const message = `${shown} is of no known kind. Give ${extensions.join(', ')}.`;
      throw invalidMetadata([{ path: '', file, message }]);
    }
    const text = await formatActors(file, actors.map(parseActorMetadata));
    await replaceFile(file, text).catch((cause: NodeJS.ErrnoException) => {
      const hint = cause.code === 'ENOENT' ? ' Create its folder first.' : '';
      const message = `${shown} could not be written (${cause.code}).${hint}`;
      throw invalidMetadata([{ path: '', file, message }], { cause });
    });
  }

  /**
   * Loads, and keeps up with changes: of files, of their names, and of folders in the folder. A state of the files
   * that cannot be used is reported, and the actors stay as they were.
   * @throws as {@link load} does; the signal's reason when it is aborted already
   * @throws LoomError `LOOM_UNSUPPORTED` when the system cannot watch the folder
   */
  async watch(path: string, options: ActorConfigWatchOptions = {}): Promise<ActorConfigWatch> {
    this.#checkOpen();
    const { clock = systemClock, logger = silentLogger } = this.#options;
    const around = {
      cwd: this.#cwd(),
      clock,
      logger,
      debounceMs: this.#debounceMs,
      environment: () => this.#environment(),
      onClosed: () => void this.#watches.delete(known),
    };
    const opening = ActorConfigWatch.open(path, around, options);
    // Known from the start, so that closing the loader also ends one that is being opened.
    const known = opening.catch(() => undefined);
    this.#watches.add(known);
    const watching = await opening;
    this.#checkOpen();
    return watching;
  }

  /** Ends every watch. Every caller gets the same promise. */
  close(): Promise<void> {
    return (this.#closing ??= Promise.resolve().then(async () => {
      for (const watching of this.#watches) await (await watching)?.close();
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #cwd(): string {
    return resolve(this.#options.cwd ?? process.cwd());
  }

  #environment(): Environment {
    return this.#options.env ?? process.env;
  }

  #checkOpen(): void {
    if (this.#closing) throw new LoomError('LOOM_CLOSED', 'The loader of actor files is closed.');
  }
}
