/** What the catalogue reads of an actor type's description. `ActorMetadata` of `@certoai/loom-discovery` is one. */
export interface CatalogueMetadata {
  /** 1 to 128 letters, digits, `.`, `_` or `-`. */
  readonly type: string;
  /** Semantic version. */
  readonly version: string;
  readonly tags?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
  readonly owner?: string | undefined;
  /** JSON Schema. */
  readonly input?: unknown;
  /** JSON Schema. */
  readonly output?: unknown;
}

/**
 * `draft`: may still change. `published`: for use, and never changes. `deprecated`: works, and names what to use
 * instead. `retired`: kept so that its name explains itself.
 */
export type ActorVersionState = 'draft' | 'published' | 'deprecated' | 'retired';

/** One version of an actor type, or how it once was. Plain JSON data. */
export interface ActorVersion<Metadata extends CatalogueMetadata = CatalogueMetadata> {
  readonly type: string;
  readonly version: string;
  readonly state: ActorVersionState;
  /** Its `lifecycle` says what `state` says once it is deprecated or retired. */
  readonly metadata: Metadata;
  /** Type or `type@version` to use instead; with `deprecated`, and maybe with `retired`. */
  readonly replacement?: string | undefined;
  /** How many changes it had, from 1. */
  readonly revision: number;
  /** When the last one was; milliseconds since the epoch. */
  readonly changedAt: number;
  /** Who made it, as the caller said. */
  readonly changedBy?: string | undefined;
}

export interface ChangeOptions {
  /** Who makes the change: kept with the revision. */
  readonly by?: string | undefined;
}

/** Fields given together all hold. */
export interface ActorSearch {
  readonly tag?: string | undefined;
  readonly capability?: string | undefined;
  readonly owner?: string | undefined;
  /** Exactly this JSON Schema, whatever the order of its fields. */
  readonly input?: unknown;
  /** Exactly this JSON Schema, whatever the order of its fields. */
  readonly output?: unknown;
  /** @default published and deprecated */
  readonly state?: ActorVersionState | readonly ActorVersionState[] | undefined;
}

/** What happened in the calls of one version. */
export interface ActorUse {
  /** Count, 0 or more. */
  readonly calls: number;
  /** Count, 0 or more. */
  readonly failures: number;
  /** Of all calls together; milliseconds, 0 or more. */
  readonly durationMs: number;
}

export interface ActorUsage extends ActorUse {
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
}

/** Every move of a version; the final state has none. A draft may be registered again. */
export const versionMoves: Readonly<Record<ActorVersionState, readonly ActorVersionState[]>> = {
  draft: ['draft', 'published', 'retired'],
  published: ['deprecated', 'retired'],
  deprecated: ['deprecated', 'retired'],
  retired: [],
};
