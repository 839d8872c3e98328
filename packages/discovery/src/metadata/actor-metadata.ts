import type { JsonValue } from '@certoai/loom-core';

/** A JSON Schema as plain data, of any draft. `true` accepts everything. */
export type JsonSchema = boolean | Readonly<Record<string, unknown>>;

/**
 * How far an actor type may be relied on. A deprecated type works and names what to use instead; a retired one
 * is kept in the catalogue so that its name still explains itself.
 */
export type ActorLifecycle =
  | { readonly stage: 'experimental' | 'beta' | 'stable' }
  | { readonly stage: 'deprecated'; readonly replacement: string }
  | { readonly stage: 'retired'; readonly replacement?: string | undefined };

export interface ActorLimits {
  /** Tasks of this type at the same time in one worker. Count, 1 to 10_000. */
  readonly concurrency?: number | undefined;
  /** How long one task may take. Milliseconds, 1 or more. */
  readonly timeoutMs?: number | undefined;
}

/** What one call is expected to cost: hints for budgets and for choosing, not a bill. */
export interface ActorCost {
  /** ISO 4217 code of `perCall`, such as `EUR`. */
  readonly currency?: string | undefined;
  /** Money for one call, 0 or more, in `currency`. */
  readonly perCall?: number | undefined;
  /** Model tokens of one call, 0 or more. */
  readonly tokensPerCall?: number | undefined;
  /** How long one call usually takes. Milliseconds, 0 or more. */
  readonly typicalDurationMs?: number | undefined;
}

export interface ActorExample {
  readonly description?: string | undefined;
  readonly input: JsonValue;
  readonly output?: JsonValue | undefined;
}

/** What is known of one version of an actor type. Plain JSON data, frozen, with defaults filled in. */
export interface ActorMetadata {
  /** 1 to 128 letters, digits, `.`, `_` or `-`: the name it is registered under. */
  readonly type: string;
  /** Semantic version, such as `1.4.0` or `2.0.0-rc.1`. */
  readonly version: string;
  /** What it does, for people and for models that choose a tool. */
  readonly description?: string | undefined;
  /** Words to find it by. @default none */
  readonly tags: readonly string[];
  /** What it can do, in words that other actors of the same ability share, such as `ocr`. @default none */
  readonly capabilities: readonly string[];
  readonly input?: JsonSchema | undefined;
  readonly output?: JsonSchema | undefined;
  /** Team or person to ask. */
  readonly owner?: string | undefined;
  /** @default stable */
  readonly lifecycle: ActorLifecycle;
  readonly limits?: ActorLimits | undefined;
  readonly cost?: ActorCost | undefined;
  /** @default none */
  readonly examples: readonly ActorExample[];
}

/** Something with a JSON Schema of its own: zod 4, and every library with the Standard JSON Schema interface. */
export interface SchemaWithJson {
  readonly '~standard': { readonly version: 1; readonly vendor: string };
}

/** {@link ActorMetadata} as it is written: defaults left out, schemas from zod, a stage in one word. */
export interface ActorMetadataInput {
  readonly type: ActorMetadata['type'];
  readonly version: ActorMetadata['version'];
  readonly description?: ActorMetadata['description'];
  /** @default none */
  readonly tags?: ActorMetadata['tags'] | undefined;
  /** @default none */
  readonly capabilities?: ActorMetadata['capabilities'] | undefined;
  readonly input?: JsonSchema | SchemaWithJson | undefined;
  readonly output?: JsonSchema | SchemaWithJson | undefined;
  readonly owner?: ActorMetadata['owner'];
  /** @default stable */
  readonly lifecycle?: ActorLifecycle | 'experimental' | 'beta' | 'stable' | 'retired' | undefined;
  readonly limits?: ActorMetadata['limits'];
  readonly cost?: ActorMetadata['cost'];
  /** @default none */
  readonly examples?: ActorMetadata['examples'] | undefined;
}
