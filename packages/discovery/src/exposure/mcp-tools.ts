import { isPlainObject } from '../internal/plain-data.js';
import type { ActorMetadata, JsonSchema } from '../metadata/actor-metadata.js';
import { callableActors, describeActor } from './callable-actors.js';

/** One tool as a server of the Model Context Protocol lists it (revision 2025-11-25). */
export interface McpTool {
  readonly name: string;
  readonly description: string;
  /** Always of type `object`, as the protocol demands. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  readonly _meta: {
    readonly 'certoai.com/loom': {
      readonly type: string;
      readonly version: string;
      /** The argument that holds the actor's input, when that is no object. */
      readonly inputIn?: 'input';
      /** The field of the structured result that holds the actor's output, when that is no object. */
      readonly outputIn?: 'output';
    };
  };
}

/**
 * The tools that a server can list for these actors: one for each type, its highest version that is not retired.
 * Where an actor takes or gives something else than an object, the tool wraps it, and `_meta` says so.
 */
export function mcpTools(actors: readonly ActorMetadata[]): readonly McpTool[] {
  return callableActors(actors).map((actor) => {
    const { type, version, input = true, output } = actor;
    const isBareInput = isObjectSchema(input);
    const isBareOutput = output === undefined || isObjectSchema(output);
    return {
      name: type,
      description: describeActor(actor),
      inputSchema: isObjectSchema(input) ? input : wrapped('input', input),
      ...(output === undefined
        ? {}
        : { outputSchema: isObjectSchema(output) ? output : wrapped('output', output) }),
      _meta: {
        'certoai.com/loom': {
          type,
          version,
          ...(isBareInput ? {} : ({ inputIn: 'input' } as const)),
          ...(isBareOutput ? {} : ({ outputIn: 'output' } as const)),
        },
      },
    };
  });
}

function isObjectSchema(schema: JsonSchema): schema is Readonly<Record<string, unknown>> {
  return isPlainObject(schema) && schema.type === 'object';
}

function wrapped(name: string, schema: JsonSchema): Readonly<Record<string, unknown>> {
  if (!isPlainObject(schema)) return { type: 'object', properties: { [name]: schema }, required: [name] };
  // References such as `#/$defs/Page` start from the root, so definitions move up with it.
  const { $schema, $defs, definitions, ...rest } = schema;
  const kept = Object.entries({ $schema, $defs, definitions }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(kept), type: 'object', properties: { [name]: rest }, required: [name] };
}
