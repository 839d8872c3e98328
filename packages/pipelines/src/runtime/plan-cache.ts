import { LoomError, type StoredDefinition } from '@certoai/loom-core';
import { isSchemaLike } from '../definition/input-schema.js';
import { parseDefinition } from '../definition/parse-definition.js';
import { compilePlan, compilePlanFromText } from '../plan/compile.js';
import type { Plan } from '../plan/plan.js';

/**
 * Plans by the text of their definition, so that a definition is checked once however often it is
 * started, and an edited object is never mistaken for the one it was. zod is loaded with the first.
 */
export class PlanCache {
  readonly #modes: () => ReadonlySet<string>;
  readonly #capacity: number;
  readonly #byText = new Map<string, Plan>();
  /** Frozen definitions cannot change, so they are known by who they are. */
  readonly #byIdentity = new WeakMap<object, Plan>();
  readonly #byHash = new Map<string, Plan>();

  constructor(modes: () => ReadonlySet<string>, capacity = 1_000) {
    this.#modes = modes;
    this.#capacity = capacity;
  }

  /** The plan of this very definition, when it was compiled before. */
  known(definition: unknown): Plan | undefined {
    if (isFrozen(definition)) return this.#byIdentity.get(definition);
    const text = textOf(definition);
    return text === undefined ? undefined : this.#byText.get(text);
  }

  /** @throws LoomError `LOOM_INVALID_DEFINITION` with every problem found */
  async compile(definition: unknown): Promise<Plan> {
    // Taken before anything waits: what the caller does to the object afterwards changes nothing.
    const text = textOf(definition);
    const plan = compilePlan(await parseDefinition(definition, { modes: this.#modes() }));
    if (isFrozen(definition)) this.#byIdentity.set(definition, plan);
    else if (text !== undefined) remember(this.#byText, text, plan, this.#capacity);
    remember(this.#byHash, plan.hash, plan, this.#capacity);
    return plan;
  }

  /** The plan an execution was pinned to. */
  async pinned({ hash, text }: StoredDefinition): Promise<Plan> {
    const known = this.#byHash.get(hash);
    if (known !== undefined) return known;
    const plan = compilePlanFromText(text, this.#modes());
    if (plan.hash !== hash) {
      const message = `The stored definition ${hash} does not match its content. The store was changed by hand.`;
      throw new LoomError('LOOM_STORE_CORRUPT', message, { hash });
    }
    remember(this.#byHash, hash, plan, this.#capacity);
    return plan;
  }
}

/** What `definePipeline` returns is frozen through and through; only the outermost object is looked at. */
function isFrozen(definition: unknown): definition is object {
  return typeof definition === 'object' && definition !== null && Object.isFrozen(definition);
}

/** `undefined` where text does not tell all: cycles, BigInt, and schema objects, which have code in them. */
function textOf(definition: unknown): string | undefined {
  if (isSchemaLike((definition as { readonly input?: unknown } | null)?.input)) return undefined;
  try {
    return JSON.stringify(definition);
  } catch {
    return undefined;
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value, capacity: number): void {
  map.set(key, value);
  const oldest = map.size > capacity ? map.keys().next() : undefined;
  if (oldest?.done === false) map.delete(oldest.value);
}
