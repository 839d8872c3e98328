import { ConfigError } from '../config-error.js';

/** Whom a layer is for, or who asks: a tenant, an actor type, both, or everybody. */
export interface ConfigScope {
  readonly tenant?: string | undefined;
  readonly actorType?: string | undefined;
}

/**
 * A scope without explicit `undefined`.
 * @throws ConfigError `LOOM_INVALID_OPTION` when a name is not text, or empty
 */
export function resolveScope(scope: ConfigScope): ConfigScope {
  const { tenant, actorType } = scope;
  for (const [name, value] of Object.entries({ tenant, actorType })) {
    if (value === undefined || (typeof value === 'string' && value !== '')) continue;
    const message = `${name} is ${value === '' ? 'empty text' : `a ${typeof value}`}. Give its name, or leave it out.`;
    throw new ConfigError('LOOM_INVALID_OPTION', message, { option: name });
  }
  return { ...(tenant === undefined ? {} : { tenant }), ...(actorType === undefined ? {} : { actorType }) };
}

/** The scopes whose layers apply to `scope`, most specific first. */
export function scopesOver({ tenant, actorType }: ConfigScope): readonly ConfigScope[] {
  return [
    ...(tenant !== undefined && actorType !== undefined ? [{ tenant, actorType }] : []),
    ...(tenant === undefined ? [] : [{ tenant }]),
    ...(actorType === undefined ? [] : [{ actorType }]),
    {},
  ];
}

export function scopeId({ tenant, actorType }: ConfigScope): string {
  return JSON.stringify([tenant ?? null, actorType ?? null]);
}

/** `tenant acme, actor type ocr`; `base` for everybody. */
export function describeScope({ tenant, actorType }: ConfigScope): string {
  const parts = [
    ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
    ...(actorType === undefined ? [] : [`actor type ${actorType}`]),
  ];
  return parts.length === 0 ? 'base' : parts.join(', ');
}
