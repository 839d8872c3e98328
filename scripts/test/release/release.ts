// One release of everything, made once for all the tests of a file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishedPackages } from '../../lib/packages.mjs';
import { Consumer } from './consumer.ts';
import { LocalRegistry, type PublishedVersion } from './local-registry.ts';
import type { InstallName } from './samples.ts';
import { scratchClone } from './scratch-clone.ts';
import { shell } from './shell.ts';

export class Release implements AsyncDisposable {
  published: readonly PublishedVersion[] = [];
  /** What `git status` says in the clone after publishing: nothing, when it left no trace. */
  leftovers = '';
  readonly #folder: string;
  readonly #registry: LocalRegistry;
  readonly #consumers = new Map<InstallName, Promise<Consumer>>();

  private constructor(folder: string, registry: LocalRegistry) {
    this.#folder = folder;
    this.#registry = registry;
  }

  /** `lerna version minor` and `lerna publish`, in a clone, to a registry of its own. */
  static async make(): Promise<Release> {
    const folder = mkdtempSync(join(tmpdir(), 'loom-release-'));
    const registry = await LocalRegistry.start(join(folder, 'registry'));
    const release = new Release(folder, registry);
    try {
      await release.#publish();
      return release;
    } catch (error) {
      await release[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #publish(): Promise<void> {
    const clone = join(this.#folder, 'repository');
    await scratchClone(clone);
    const lerna = (...args: string[]): Promise<string> =>
      shell(clone, process.execPath, ['scripts/lerna.mjs', ...args], {
        NPM_CONFIG_USERCONFIG: this.#registry.npmrc,
      });
    await lerna('version', 'minor', '--yes', '--no-push');
    await lerna('publish', 'from-package', '--yes', '--registry', this.#registry.url);
    this.leftovers = await shell(clone, 'git', ['status', '--porcelain']);
    const names = publishedPackages().map(({ manifest }) => manifest.name);
    const versions = await Promise.all(names.map((name) => this.#registry.versions(name)));
    this.published = versions.flat();
  }

  /** An empty folder with these packages installed: one for all who ask. */
  consumer(install: InstallName): Promise<Consumer> {
    const known = this.#consumers.get(install);
    if (known) return known;
    const made = Consumer.install(install, join(this.#folder, install), this.#registry.url);
    this.#consumers.set(install, made);
    return made;
  }

  /** A published package as it is downloaded, also as a file. */
  async tarball({
    name,
    dist,
  }: PublishedVersion): Promise<{ readonly bytes: ArrayBuffer; readonly file: string }> {
    const bytes = await (await fetch(dist.tarball)).arrayBuffer();
    const file = join(this.#folder, `${name.replaceAll(/\W/g, '-')}.tgz`);
    writeFileSync(file, new Uint8Array(bytes));
    return { bytes, file };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
