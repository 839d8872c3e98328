import { invalidConfig } from '../config-error.js';
import { isPlain } from '../validation/plain-data.js';
import type { ExplanationRow } from '../explain/format-explanation.js';
import { type ConfigScope, describeScope, resolveScope, scopeId, scopesOver } from './config-scope.js';
import {
  copyPlainValue,
  leafPaths,
  mergePlainValues,
  plainValueAt,
  type PlainValues,
} from './plain-values.js';

export interface PlainLayer {
  readonly scope: ConfigScope;
  readonly values: PlainValues;
}

/** Layers by scope. It never changes: a change is a new set, so a refused one leaves nothing behind. */
export class LayerSet {
  readonly #byScope: ReadonlyMap<string, PlainLayer>;
  readonly #tenants: ReadonlySet<string | undefined>;
  readonly #actorTypes: ReadonlySet<string | undefined>;

  constructor(byScope: ReadonlyMap<string, PlainLayer> = new Map()) {
    const scopes = [...byScope.values()].map(({ scope }) => scope);
    this.#byScope = byScope;
    this.#tenants = new Set([undefined, ...scopes.map(({ tenant }) => tenant)]);
    this.#actorTypes = new Set([undefined, ...scopes.map(({ actorType }) => actorType)]);
  }

  /** @throws ConfigError `LOOM_INVALID_CONFIG` when values are not plain data, or a scope has two layers */
  static of(layers: readonly { readonly scope: ConfigScope; readonly values: unknown }[]): LayerSet {
    const byScope = new Map<string, PlainLayer>();
    for (const { scope, values } of layers) {
      const id = scopeId(scope);
      if (byScope.has(id)) {
        const message = `There are two layers for ${describeScope(scope)}. Merge them into one.`;
        throw invalidConfig({ kind: 'conflict', message });
      }
      byScope.set(id, layerOf(scope, values));
    }
    return new LayerSet(byScope);
  }

  get layers(): readonly PlainLayer[] {
    return [...this.#byScope.values()];
  }

  /** The same with another layer for `scope`, or with none for `undefined`. */
  with(scope: ConfigScope, values: unknown): LayerSet {
    const byScope = new Map(this.#byScope);
    if (values === undefined) byScope.delete(scopeId(scope));
    else byScope.set(scopeId(scope), layerOf(scope, values));
    return new LayerSet(byScope);
  }

  /** `scope` without a tenant or an actor type that no layer names: all strangers are one. */
  narrow({ tenant, actorType }: ConfigScope): ConfigScope {
    return resolveScope({
      tenant: this.#tenants.has(tenant) ? tenant : undefined,
      actorType: this.#actorTypes.has(actorType) ? actorType : undefined,
    });
  }

  /** Every scope whose values a change of the layer for `changed` can reach. */
  scopesUnder(changed: ConfigScope): readonly ConfigScope[] {
    const tenants = changed.tenant === undefined ? [...this.#tenants] : [changed.tenant];
    const actorTypes = changed.actorType === undefined ? [...this.#actorTypes] : [changed.actorType];
    return tenants.flatMap((tenant) => actorTypes.map((actorType) => resolveScope({ tenant, actorType })));
  }

  merged(scope: ConfigScope): PlainValues {
    return this.#over(scope).reduceRight<PlainValues>(
      (below, { values }) => mergePlainValues(below, values),
      {},
    );
  }

  explain(scope: ConfigScope): readonly ExplanationRow[] {
    return leafPaths(this.merged(scope)).flatMap((path) => {
      const given = this.#over(scope).flatMap((layer) => {
        const value = plainValueAt(layer.values, path);
        return value === undefined ? [] : [{ value, from: describeScope(layer.scope) }];
      });
      const [won, ...overrode] = given;
      return won === undefined ? [] : [{ path: path.join('.'), ...won, overrode }];
    });
  }

  /** The layers that apply to a scope, most specific first. */
  #over(scope: ConfigScope): readonly PlainLayer[] {
    return scopesOver(scope).flatMap((one) => this.#byScope.get(scopeId(one)) ?? []);
  }
}

function layerOf(scope: ConfigScope, given: unknown): PlainLayer {
  const place = `The layer for ${describeScope(scope)}: values`;
  const values = copyPlainValue(given, place);
  if (isPlain(values)) return { scope, values };
  throw invalidConfig({ kind: 'wrong-value', message: `${place} are not an object. Give settings by name.` });
}
