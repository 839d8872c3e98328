import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import type { EmbeddedStore, EmbeddedStoreOptions, SqliteDriverName } from '@certoai/loom-storage/embedded';
import { hasNodeSqlite } from '../../src/embedded/sqlite-driver.js';

/** What this Node can run: libsql everywhere, node:sqlite where there is one. */
export const drivers: readonly SqliteDriverName[] = hasNodeSqlite() ? ['node:sqlite', 'libsql'] : ['libsql'];

/** Stores in folders of their own, which a test leaves behind for {@link OpenedStores.clear}. */
export class OpenedStores {
  readonly #stores: EmbeddedStore[] = [];
  readonly #folders: string[] = [];

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'loom-embedded-'));
    this.#folders.push(folder);
    return folder;
  }

  async open(options: Partial<EmbeddedStoreOptions> = {}): Promise<EmbeddedStore> {
    const store = await openEmbeddedStore({ path: this.folder(), ...options });
    this.#stores.push(store);
    return store;
  }

  /** Opens a copy of what is on disk now: all that a process killed at this moment would leave behind. */
  async crash(
    { path, driver }: EmbeddedStore,
    options: Partial<EmbeddedStoreOptions> = {},
  ): Promise<EmbeddedStore> {
    const copy = this.folder();
    for (const file of readdirSync(path)) {
      if (!file.endsWith('-shm')) copyFileSync(join(path, file), join(copy, file));
    }
    return this.open({ path: copy, driver, ...options });
  }

  async clear(): Promise<void> {
    for (const store of this.#stores.splice(0)) await store.close();
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}
