import type { ConfigZodSchema } from './config-schema.js';
import { openConfigSchema } from './lazy-config-schema.js';

/** Everything the schema says about one setting, as data. */
export interface Setting {
  /** Block and key, such as `redis.port`. */
  readonly path: string;
  readonly block: string;
  readonly key: string;
  readonly description: string;
  /** The environment variable that sets it, such as `LOOM_REDIS__PORT`. */
  readonly variable: string;
  readonly type: SettingType;
  readonly default?: string | number | boolean | undefined;
  /** Whether its value is hidden wherever it is shown, and may be given as `env:NAME` or `file:/path`. */
  readonly secret: boolean;
}

export type SettingType =
  | { readonly kind: 'text'; readonly maximumLength?: number | undefined }
  /** An `http` or `https` address. */
  | { readonly kind: 'address' }
  | { readonly kind: 'truth' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** A whole number, both ends included. */
  | { readonly kind: 'number'; readonly minimum: number; readonly maximum: number };

/** The part of a JSON Schema that blocks and settings use. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly SchemaNode[];
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly writeOnly?: boolean;
}

/** Every setting, in the order of the schema. The README's table and the `loom` CLI are made of this. */
export async function describeSettings(): Promise<readonly Setting[]> {
  return settingsOf(await openConfigSchema());
}

export function settingsOf(schema: ConfigZodSchema): readonly Setting[] {
  const { properties = {} } = schema.toJSONSchema() as SchemaNode;
  return Object.entries(properties).flatMap(([block, node]) => {
    // `redis` may also be text: its settings are those of its other form.
    const form = node.anyOf?.find((one) => one.properties) ?? node;
    return Object.entries(form.properties ?? {}).map(([key, leaf]) => settingOf(block, key, leaf));
  });
}

function settingOf(block: string, key: string, leaf: SchemaNode): Setting {
  const { description = '', default: preset, writeOnly: secret = false } = leaf;
  const path = `${block}.${key}`;
  const type = typeOf(leaf);
  return {
    path,
    block,
    key,
    description,
    variable: variableOf(path),
    type,
    default: preset,
    secret,
  };
}

/** `redis.keyPrefix` is set by `LOOM_REDIS__KEY_PREFIX`: two underscores for the dot, one before a capital. */
function variableOf(path: string): string {
  const name = path.replaceAll(/[A-Z]/g, (capital) => `_${capital}`).replaceAll('.', '__');
  return `LOOM_${name.toUpperCase()}`;
}

function typeOf(leaf: SchemaNode): SettingType {
  const { type, format, enum: choices, minimum = -Infinity, maximum = Infinity, maxLength } = leaf;
  if (choices !== undefined) return { kind: 'choice', choices };
  if (type === 'integer') return { kind: 'number', minimum, maximum };
  if (type === 'boolean') return { kind: 'truth' };
  return format === 'uri' ? { kind: 'address' } : { kind: 'text', maximumLength: maxLength };
}
