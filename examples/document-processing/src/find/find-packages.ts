import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { type DocumentKind, documentKind, isLicenceFolder } from './document-kind.ts';

/** A package folder, and which of its files speak about licences. */
export interface FoundPackage {
  /** Its path from the audited folder, with `/`: what identifies it in the report. */
  readonly id: string;
  /** Its real path. */
  readonly path: string;
  readonly documents: readonly FoundDocument[];
}

export interface FoundDocument {
  readonly kind: DocumentKind;
  /** From the package's folder, with `/`. */
  readonly file: string;
}

export interface FoundPackages {
  readonly packages: readonly FoundPackage[];
  /** Folders and links that could not be followed. */
  readonly problems: readonly FindProblem[];
}

export interface FindProblem {
  readonly path: string;
  readonly reason: string;
}

/**
 * Finds every installed package below `folder`: those of npm (nested ones too), of pnpm
 * (`node_modules/.pnpm/<name>@<version>/node_modules/<name>`) and of workspaces with a `node_modules` of their
 * own. Each real folder counts once, however many links lead to it. Packages of the workspace itself, which
 * are links out of `node_modules`, are not installed and do not count.
 * @returns sorted by id
 */
export async function findPackages(folder: string): Promise<FoundPackages> {
  const root = await realpath(folder);
  const search = new Search(root);
  await (basename(root) === 'node_modules' ? search.modules(root) : search.sources(root));
  return search.result();
}

class Search {
  readonly #root: string;
  readonly #packages = new Map<string, FoundPackage>();
  readonly #seen = new Set<string>();
  readonly #problems: FindProblem[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  result(): FoundPackages {
    const byPath = <Item extends { readonly path: string }>(a: Item, b: Item): number =>
      a.path < b.path ? -1 : 1;
    return {
      packages: [...this.#packages.values()].toSorted(byPath),
      problems: this.#problems.toSorted(byPath),
    };
  }

  /** Folders of source code: only a `node_modules` in them matters. Links and hidden folders are left alone. */
  async sources(folder: string): Promise<void> {
    const entries = (await this.#list(folder)).filter((entry) => entry.isDirectory());
    await Promise.all(
      entries.map(async ({ name }) => {
        if (name === 'node_modules') await this.modules(join(folder, name));
        else if (!name.startsWith('.')) await this.sources(join(folder, name));
      }),
    );
  }

  /** One `node_modules`. */
  async modules(folder: string): Promise<void> {
    if (!this.#isNew(folder)) return;
    const entries = (await this.#list(folder)).filter(
      (entry) => entry.isDirectory() || entry.isSymbolicLink(),
    );
    await Promise.all(
      entries.map(async ({ name }) => {
        const path = join(folder, name);
        if (name === '.pnpm') await this.#store(path);
        else if (name.startsWith('@')) await this.#scope(path);
        else if (!name.startsWith('.')) await this.#package(path);
      }),
    );
  }

  /** pnpm's own folder: one entry a version, each with a `node_modules` that holds it and links to its dependencies. */
  async #store(folder: string): Promise<void> {
    const entries = (await this.#list(folder)).filter((entry) => entry.isDirectory());
    await Promise.all(
      entries.map(({ name }) =>
        this.modules(name === 'node_modules' ? join(folder, name) : join(folder, name, 'node_modules')),
      ),
    );
  }

  async #scope(folder: string): Promise<void> {
    const entries = (await this.#list(folder)).filter(
      (entry) => entry.isDirectory() || entry.isSymbolicLink(),
    );
    await Promise.all(entries.map(({ name }) => this.#package(join(folder, name))));
  }

  async #package(link: string): Promise<void> {
    const path = await realpath(link).catch((error: unknown) => this.#report(link, error));
    if (path === undefined || !this.#isNew(path) || this.#isOfTheWorkspace(path)) return;
    const entries = await this.#list(path);
    if (entries.some(({ name }) => name === 'package.json')) {
      this.#packages.set(path, {
        id: this.#idOf(path),
        path,
        documents: await this.#documents(path, entries),
      });
    }
    if (entries.some((entry) => entry.name === 'node_modules' && entry.isDirectory()))
      await this.modules(join(path, 'node_modules'));
  }

  async #documents(path: string, entries: readonly Dirent[]): Promise<readonly FoundDocument[]> {
    const found: FoundDocument[] = [];
    for (const entry of entries) {
      if (entry.isDirectory()) {
        if (isLicenceFolder(entry.name)) found.push(...(await this.#licenceFolder(path, entry.name)));
        continue;
      }
      const kind = documentKind(entry.name);
      if (kind) found.push({ kind, file: entry.name });
    }
    return found.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  }

  async #licenceFolder(path: string, name: string): Promise<FoundDocument[]> {
    const files = (await this.#list(join(path, name))).filter((entry) => !entry.isDirectory());
    return files
      .filter((entry) => /(?:^[^.]+|\.(?:txt|md))$/i.test(entry.name))
      .map((entry) => ({ kind: 'licence', file: `${name}/${entry.name}` }));
  }

  /** A link out of `node_modules` into the audited folder leads to one of its own packages. */
  #isOfTheWorkspace(path: string): boolean {
    const inside = relative(this.#root, path);
    return (
      !inside.startsWith('..') &&
      !inside.split(sep).includes('node_modules') &&
      basename(this.#root) !== 'node_modules'
    );
  }

  #idOf(path: string): string {
    return relative(this.#root, path).split(sep).join('/') || '.';
  }

  #isNew(path: string): boolean {
    if (this.#seen.has(path)) return false;
    this.#seen.add(path);
    return true;
  }

  async #list(folder: string): Promise<Dirent[]> {
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      // An entry of pnpm's without node_modules is an empty left-over.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#report(folder, error);
      return [];
    }
  }

  #report(path: string, error: unknown): undefined {
    this.#problems.push({
      path: this.#idOf(path),
      reason: (error as NodeJS.ErrnoException).code ?? String(error),
    });
  }
}
