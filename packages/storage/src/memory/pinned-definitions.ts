import type { StoredDefinition } from '@certoai/loom-core';

/** Every definition once, as long as an execution uses it. */
export class PinnedDefinitions {
  readonly #byHash = new Map<string, { readonly definition: StoredDefinition; uses: number }>();

  use({ hash, text }: StoredDefinition): StoredDefinition {
    const known = this.#byHash.get(hash);
    if (known) {
      known.uses += 1;
      return known.definition;
    }
    const definition = { hash, text };
    this.#byHash.set(hash, { definition, uses: 1 });
    return definition;
  }

  release(hash: string): void {
    const known = this.#byHash.get(hash);
    if (known && (known.uses -= 1) === 0) this.#byHash.delete(hash);
  }
}
