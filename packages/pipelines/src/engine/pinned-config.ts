import type { JsonValue } from '@certoai/loom-core';
import { Json } from './json.js';

/** Values, and the actor types that see them; `null` among them: where no actor type is given. */
export type ConfigShare = readonly [actorTypes: readonly (string | null)[], values: JsonValue];

/**
 * What the expressions of one execution read as `config`: taken when it begins, recorded with its first step,
 * and the same from then on, wherever the execution goes on.
 */
export class PinnedConfig {
  /** What is recorded: a list of {@link ConfigShare}. */
  readonly json: Json;
  #values: ReadonlyMap<string | null, JsonValue> | undefined;

  constructor(json: Json) {
    this.json = json;
  }

  /** `null` for an actor type whose values its plan does not read. */
  readonly of = (actorType: string | null): JsonValue => {
    this.#values ??= new Map(
      (this.json.value as unknown as readonly ConfigShare[]).flatMap(([actorTypes, values]) =>
        actorTypes.map((type) => [type, values] as const),
      ),
    );
    return this.#values.get(actorType) ?? null;
  };
}
