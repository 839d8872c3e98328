import { LoomError, toJsonText } from '@certoai/loom-core';
import { Json } from '../engine/json.js';
import { PinnedConfig } from '../engine/pinned-config.js';
import type { Plan } from '../plan/plan.js';

/** Values that differ by tenant and actor type: a `LayeredConfig`, or what answers as one does. */
export interface LayeredValues {
  /** What JSON can hold. */
  get(scope: { readonly tenant?: string | undefined; readonly actorType?: string | undefined }): unknown;
}

export interface TakeConfigOptions {
  readonly layered: LayeredValues | undefined;
  /** Largest text of all that is taken. */
  readonly maxBytes: number;
}

/**
 * The values as they are now for every actor type whose `config` the plan reads; `undefined` when it reads none.
 * @throws LoomError `LOOM_INVALID_OPTION` when it reads some and there are none to take, `LOOM_NOT_SERIALISABLE`,
 *   `LOOM_PAYLOAD_TOO_LARGE`, or what `get` throws
 */
export function takeConfig(
  { configOf }: Plan,
  tenant: string | undefined,
  { layered, maxBytes }: TakeConfigOptions,
): PinnedConfig | undefined {
  if (configOf.length === 0) return undefined;
  if (layered === undefined) {
    const message =
      'Expressions of this pipeline read config, and there is none here. Give the option layered: new Loom({ layered: new LayeredConfig({ layers }) }).';
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'layered' });
  }
  // A LayeredConfig gives the same object to all actor types without layers of their own: it is kept once.
  const shares = new Map<unknown, (string | null)[]>();
  for (const actorType of configOf) {
    const values = layered.get({ tenant, actorType: actorType ?? undefined });
    const share = shares.get(values);
    if (share === undefined) shares.set(values, [actorType]);
    else share.push(actorType);
  }
  const what = tenant === undefined ? 'layered configuration' : `layered configuration of tenant "${tenant}"`;
  const text = toJsonText(
    [...shares].map(([values, actorTypes]) => [actorTypes, values]),
    { what, maxBytes },
  );
  return new PinnedConfig(Json.fromText(text));
}
