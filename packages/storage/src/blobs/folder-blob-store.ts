import { randomUUID } from 'node:crypto';
import { readFile, readdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LoomError, systemClock } from '@certoai/loom-core';
import type { BlobStore } from '@certoai/loom-core';
import { checkBlob, checkKey, closedError } from './blob-input.js';
import { fileOf, folderOf, segmentOf } from './blob-paths.js';
import { makeFolder, orMissing, publish, translateFileError } from './folder-files.js';

export interface FolderBlobStoreOptions {
  /** The folder, made when it is not there; for this store alone. */
  readonly path: string;
}

/** Calls that have files open; the others wait. A process may open some hundred to some thousand files. */
const maxOpen = 64;
/** A draft that old was left behind by a process that died. */
const abandonedMs = 3_600_000;

/**
 * Blobs as files in a folder, for any number of processes on one file system. A blob is written to a draft, synced
 * and renamed, so nobody ever sees a part of one.
 */
export class FolderBlobStore implements BlobStore {
  readonly capabilities = { durable: true, shared: true };
  readonly #root: string;
  readonly #drafts: string;
  readonly #calls = new Set<Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #open = 0;
  #ready: Promise<void> | undefined;
  #closed = false;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor({ path }: FolderBlobStoreOptions) {
    if (typeof path !== 'string' || path === '') {
      const message = `path is ${path === '' ? 'empty' : `of type ${typeof path}`}; give the folder for the blobs.`;
      throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'path' });
    }
    this.#root = resolve(path);
    // No segment's name ends like this.
    this.#drafts = join(this.#root, 'drafts');
  }

  async put(key: string, text: string): Promise<void> {
    this.#check(key);
    checkBlob(key, text);
    await this.#call('store a blob', async () => {
      await (this.#ready ??= this.#prepare());
      const draft = join(this.#drafts, randomUUID());
      try {
        await writeFile(draft, text, { flag: 'wx', flush: true });
        await publish(draft, fileOf(this.#root, key));
      } catch (error) {
        await rm(draft, { force: true }).catch(() => {});
        throw error;
      }
    });
  }

  async get(key: string): Promise<string | undefined> {
    this.#check(key);
    return this.#call('read a blob', () => orMissing(readFile(fileOf(this.#root, key), 'utf8')));
  }

  async remove(prefix: string): Promise<number> {
    this.#check(prefix);
    return this.#call('remove blobs', async () => {
      const file = fileOf(this.#root, prefix);
      const hasFile = (await orMissing(unlink(file).then(() => true))) ?? false;
      const below = await this.#removeFolder(folderOf(this.#root, prefix));
      await this.#tidy(dirname(file));
      return (hasFile ? 1 : 0) + below;
    });
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    this.#check(prefix);
    const names = await this.#call('list blobs', () => orMissing(readdir(folderOf(this.#root, prefix))));
    yield* new Set(names?.map(segmentOf));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#calls);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Makes the folders, and removes what dead processes left. */
  async #prepare(): Promise<void> {
    try {
      await makeFolder(this.#drafts);
      const oldest = systemClock.now() - abandonedMs;
      for (const name of await readdir(this.#drafts)) {
        const path = join(this.#drafts, name);
        const found = await orMissing(stat(path));
        if (found && found.mtimeMs < oldest) await rm(path, { recursive: true, force: true });
      }
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  /** Takes the folder away in one step before it is emptied. @returns how many files there were */
  async #removeFolder(folder: string): Promise<number> {
    await (this.#ready ??= this.#prepare());
    const taken = join(this.#drafts, randomUUID());
    const isThere = await orMissing(rename(folder, taken).then(() => true));
    if (!isThere) return 0;
    const entries = await orMissing(readdir(taken, { recursive: true, withFileTypes: true }));
    await rm(taken, { recursive: true, force: true });
    return entries?.filter((entry) => entry.isFile()).length ?? 0;
  }

  /** Removes folders that hold nothing any more, from `folder` upwards. */
  async #tidy(folder: string): Promise<void> {
    for (let empty = folder; empty !== this.#root; empty = dirname(empty)) {
      try {
        await rmdir(empty);
      } catch {
        return;
      }
    }
  }

  #call<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
    const call = this.#inTurn(work).catch((error: unknown) => {
      throw translateFileError(error, doing, this.#root);
    });
    this.#calls.add(call);
    const forget = (): boolean => this.#calls.delete(call);
    call.then(forget, forget);
    return call;
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#open < maxOpen) this.#open += 1;
    else await new Promise<void>((next) => this.#waiting.push(next));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#open -= 1;
    }
  }

  #check(key: string): void {
    if (this.#closed) throw closedError();
    checkKey(key);
  }
}
