import { isDeepStrictEqual } from 'node:util';
import { invalidConfig } from '../config-error.js';
import type { ExplanationRow } from '../explain/format-explanation.js';
import { type ConfigScope, describeScope, resolveScope, scopeId } from './config-scope.js';
import { LayerSet } from './layer-set.js';
import { freezeDeep, type PlainValues } from './plain-values.js';

/** `Values` with every key optional, at any depth; lists are replaced as a whole. */
export type PartialValues<Values> = Values extends readonly unknown[]
  ? Values
  : Values extends object
    ? { readonly [Key in keyof Values]?: PartialValues<Values[Key]> | undefined }
    : Values;

/** What one scope changes. */
export interface ConfigLayer<Values> extends ConfigScope {
  readonly values: PartialValues<Values>;
}

export interface LayeredConfigOptions<Values> {
  /** Layers to start with. @default none */
  readonly layers?: readonly ConfigLayer<Values>[] | undefined;
  /**
   * Checks merged values and may fill in defaults, for example `schema.parse`. It runs for every combination
   * of tenant and actor type that a change touches; when it throws for one of them, nothing changes.
   * @default everything is accepted
   */
  readonly parse?: ((values: unknown) => Values) | undefined;
  /** Hears of listeners that throw. @default silent */
  readonly logger?: { error(message: string, fields?: Readonly<Record<string, unknown>>): void } | undefined;
}

interface Subscription<Values> {
  readonly scope: ConfigScope;
  readonly listener: (values: Values) => void;
  last: Values;
}

/**
 * Configuration that differs by tenant and actor type and changes while the program runs. The most specific
 * layer wins, key by key: tenant and actor type > tenant > actor type > base.
 *
 * What it returns is plain data, frozen, so a stage can read it in an expression. It is not for secrets.
 */
export class LayeredConfig<Values extends object = PlainValues> {
  readonly #parse: ((values: unknown) => Values) | undefined;
  readonly #logger: LayeredConfigOptions<Values>['logger'];
  readonly #subscriptions = new Set<Subscription<Values>>();
  readonly #valuesByScope = new Map<string, Values>();
  #layers = new LayerSet();

  /** @throws ConfigError as `replace` does */
  constructor(options: LayeredConfigOptions<Values> = {}) {
    const { layers = [], parse, logger } = options;
    this.#parse = parse;
    this.#logger = logger;
    this.replace(layers);
  }

  /** The values for a scope; the same object until a layer that it depends on is set. */
  get(scope: ConfigScope = {}): Values {
    const known = this.#layers.narrow(resolveScope(scope));
    const id = scopeId(known);
    const values = this.#valuesByScope.get(id) ?? this.#parsed(this.#layers, known);
    this.#valuesByScope.set(id, values);
    return values;
  }

  /** Every layer as plain data. `replace` takes it back. */
  layers(): readonly ConfigLayer<Values>[] {
    return this.#layers.layers.map(({ scope, values }) => ({
      ...scope,
      values: values as PartialValues<Values>,
    }));
  }

  /**
   * Sets the layer of one scope, or removes it with `undefined`.
   * @throws ConfigError `LOOM_INVALID_CONFIG` when the values are not plain data, or `parse` refuses them; then nothing changes
   * @throws ConfigError `LOOM_INVALID_OPTION` when the scope cannot be used
   */
  set(scope: ConfigScope, values: PartialValues<Values> | undefined): void {
    const changed = resolveScope(scope);
    this.#apply(this.#layers.with(changed, values), changed);
  }

  /**
   * Sets all layers at once; a scope that is not among them has none afterwards.
   * @throws ConfigError as `set` does, and `LOOM_INVALID_CONFIG` when a scope has two layers
   */
  replace(layers: readonly ConfigLayer<Values>[]): void {
    this.#apply(
      LayerSet.of(layers.map((layer) => ({ scope: resolveScope(layer), values: layer.values }))),
      {},
    );
  }

  /** Which layer each value of a scope comes from, and what it overrode. `formatExplanation` makes a table of it. */
  explain(scope: ConfigScope = {}): readonly ExplanationRow[] {
    return this.#layers.explain(resolveScope(scope));
  }

  /**
   * Calls `listener` after each change of the values for `scope`, before `set` returns; a change elsewhere is
   * not heard. A listener that throws is logged and changes nothing.
   * @param options.signal - ends the subscription
   * @returns a function that ends the subscription
   */
  subscribe(
    scope: ConfigScope,
    listener: (values: Values) => void,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): () => void {
    const { signal } = options;
    signal?.throwIfAborted();
    const subscription = { scope: resolveScope(scope), listener, last: this.get(scope) };
    this.#subscriptions.add(subscription);
    const unsubscribe = (): void => {
      this.#subscriptions.delete(subscription);
      signal?.removeEventListener('abort', unsubscribe);
    };
    signal?.addEventListener('abort', unsubscribe, { once: true });
    return unsubscribe;
  }

  /**
   * The values for `scope` now and after each change, for `for await`. A slow reader gets the latest.
   * @param options.signal - ends the iteration by rejecting with its reason
   */
  async *watch(
    scope: ConfigScope = {},
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Values, void, undefined> {
    const { signal } = options;
    let isFresh = true;
    let wake = (): void => {};
    const unsubscribe = this.subscribe(scope, () => {
      isFresh = true;
      wake();
    });
    const onAbort = (): void => wake();
    signal?.addEventListener('abort', onAbort);
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (!isFresh) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        isFresh = false;
        yield this.get(scope);
      }
    } finally {
      unsubscribe();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #apply(layers: LayerSet, changed: ConfigScope): void {
    const reached = layers.scopesUnder(changed);
    // All of it is tried before any of it is kept.
    if (this.#parse !== undefined) for (const scope of reached) this.#parsed(layers, scope);
    for (const scope of [...reached, ...this.#layers.scopesUnder(changed)])
      this.#valuesByScope.delete(scopeId(scope));
    this.#layers = layers;
    for (const subscription of this.#subscriptions) this.#notify(subscription);
  }

  #notify(subscription: Subscription<Values>): void {
    // Read here, not passed in: when a listener changes the configuration, later ones hear of the newest only.
    const values = this.get(subscription.scope);
    if (isDeepStrictEqual(values, subscription.last)) return;
    subscription.last = values;
    try {
      subscription.listener(values);
    } catch (error) {
      this.#logger?.error('A configuration listener failed', {
        scope: describeScope(subscription.scope),
        error,
      });
    }
  }

  #parsed(layers: LayerSet, scope: ConfigScope): Values {
    const merged = layers.merged(scope);
    // Without `parse`, the type is what the author of the layers promises.
    if (this.#parse === undefined) return merged as Values;
    try {
      return freezeDeep(this.#parse(merged));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `The values for ${describeScope(scope)} were refused, so nothing was changed: ${reason}`;
      throw invalidConfig({ kind: 'wrong-value', message }, { cause });
    }
  }
}
