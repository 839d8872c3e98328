import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, type Logger, LoomError } from '@certoai/loom-core';
import type { ActorMetadata } from '../metadata/actor-metadata.js';
import { invalidMetadata } from '../metadata/describe-problems.js';
import { type FileSnapshot, readFiles, shownPath, snapshotFiles } from './actor-files.js';
import type { Environment } from './interpolate.js';
import { readActors } from './read-actors.js';

export interface ActorConfigWatchOptions {
  /** Hears of the actors after each change of them. */
  readonly onChange?: ((actors: readonly ActorMetadata[]) => void) | undefined;
  /** Hears of files that cannot be used; the actors stay as they were. @default a warning in the log */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

interface Surroundings {
  readonly cwd: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly debounceMs: number;
  readonly environment: () => Environment;
  /** Called once it is closed. */
  readonly onClosed: () => void;
}

/**
 * Actors from files that may change. The files are read when they have been the same for a whole `debounceMs`,
 * and what was read counts only when they are still the same afterwards.
 */
export class ActorConfigWatch implements AsyncDisposable {
  readonly #path: string;
  readonly #around: Surroundings;
  readonly #options: ActorConfigWatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #actors: readonly ActorMetadata[] = [];
  /** What was last read, whether or not it could be used. */
  #read: FileSnapshot | undefined;
  /** What the files were when they were last looked at. */
  #seen: string | undefined;
  #cancelTimer: (() => void) | undefined;
  #checking: Promise<void> | undefined;
  #isClosed = false;
  readonly #onAbort = (): void => void this.close();

  private constructor(path: string, around: Surroundings, options: ActorConfigWatchOptions) {
    this.#path = path;
    this.#around = around;
    this.#options = options;
  }

  /** @internal */
  static async open(
    path: string,
    around: Surroundings,
    options: ActorConfigWatchOptions,
  ): Promise<ActorConfigWatch> {
    const { signal } = options;
    signal?.throwIfAborted();
    const watching = new ActorConfigWatch(path, around, options);
    try {
      await watching.#start();
      signal?.throwIfAborted();
    } catch (error) {
      await watching.close();
      throw error;
    }
    signal?.addEventListener('abort', watching.#onAbort, { once: true });
    return watching;
  }

  /** The actors of the last state of the files that could be used. */
  get actors(): readonly ActorMetadata[] {
    return this.#actors;
  }

  /** Ends it. No listener is called afterwards. Calling it again does nothing. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    await this.#checking;
    this.#around.onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { cwd, environment } = this.#around;
    const before = await snapshotFiles(this.#path, cwd);
    await this.#follow(before.folders);
    const { actors, problems } = await readActors(await readFiles(before, cwd), environment());
    if (problems.length > 0) throw invalidMetadata(problems);
    this.#actors = actors;
    this.#read = before;
    // It may have been written to while it was read.
    const after = await snapshotFiles(this.#path, cwd).catch(() => undefined);
    if (after?.id !== before.id) this.#schedule();
  }

  #schedule(): void {
    // Never put off: two looks that see the same decide about quiet, so noise beside the files holds up nothing.
    if (this.#isClosed || this.#cancelTimer) return;
    this.#cancelTimer = this.#around.clock.setTimer(this.#around.debounceMs, () => {
      this.#cancelTimer = undefined;
      this.#checking = (this.#checking ?? Promise.resolve()).then(() => this.#check());
    });
  }

  async #check(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#readWhenQuiet();
    } catch (error) {
      if (this.#isClosed) return;
      // Told once: the same failure at the next look is no news.
      const text = error instanceof Error ? error.message : String(error);
      if (this.#seen !== text) this.#fail(error);
      this.#seen = text;
    }
  }

  async #readWhenQuiet(): Promise<void> {
    const { cwd, environment } = this.#around;
    const snapshot = await snapshotFiles(this.#path, cwd);
    await this.#follow(snapshot.folders);
    if (snapshot.id === this.#read?.id) return;
    if (snapshot.id !== this.#seen) {
      this.#seen = snapshot.id;
      return this.#schedule();
    }
    const files = await readFiles(snapshot, cwd);
    const { actors, problems } = await readActors(files, environment());
    const after = await snapshotFiles(this.#path, cwd);
    if (this.#isClosed) return;
    if (after.id !== snapshot.id) {
      this.#seen = after.id;
      return this.#schedule();
    }
    const changed = files.filter(({ file }) => this.#read?.stamps.get(file) !== snapshot.stamps.get(file));
    const cutOff = changed.filter(({ file, text }) => extname(file) !== '.json' && !/[\r\n]$/.test(text));
    this.#read = snapshot;
    if (problems.length > 0) return this.#fail(invalidMetadata(problems));
    if (cutOff.length > 0) {
      return this.#fail(
        invalidMetadata(
          cutOff.map(({ file, shown }) => {
            const message = `${shown} does not end with a line break, so it may be half written. End it with one.`;
            return { path: '', file, message };
          }),
        ),
      );
    }
    if (isDeepStrictEqual(actors, this.#actors)) return;
    this.#actors = actors;
    this.#tell(() => this.#options.onChange?.(actors));
  }

  #fail(error: unknown): void {
    const { onError } = this.#options;
    if (onError) this.#tell(() => onError(error));
    else this.#around.logger.warn('Actor files cannot be used; the actors stay as they were', { error });
  }

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#around.logger.error('A listener of actor files failed', { error });
    }
  }

  /** Listens to these folders and no others. One that was replaced is listened to anew. */
  async #follow(folders: readonly string[]): Promise<void> {
    const wanted = new Map<string, string>();
    for (const folder of folders) {
      const stats = await stat(folder, { bigint: true }).catch(() => undefined);
      if (stats) wanted.set(`${stats.dev}:${stats.ino}:${folder}`, folder);
    }
    if (this.#isClosed) return;
    for (const [id, watcher] of this.#watchers) {
      if (wanted.has(id)) continue;
      watcher.close();
      this.#watchers.delete(id);
    }
    for (const [id, folder] of wanted) {
      if (!this.#watchers.has(id)) this.#watchers.set(id, this.#listen(folder));
    }
  }

  #listen(folder: string): FSWatcher {
    try {
      // Whatever happens in the folder may matter: which files count is decided by looking.
      const watcher = watch(folder, () => this.#schedule());
      watcher.on('error', () => this.#schedule());
      return watcher;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const message = `${shownPath(folder, this.#around.cwd)} cannot be watched (${code}). Raise the system's limit of watches, or load the files again by hand.`;
      throw new LoomError('LOOM_UNSUPPORTED', message, { folder }, { cause });
    }
  }
}
