import { z } from 'zod';
import { documentation, pipelineSchema } from './schema.js';

type Node = Record<string, unknown>;

/**
 * JSON Schema of a definition for editors, from the zod schema. Draft 7, which the JSON and YAML servers
 * of editors know best. Loads zod: for the script that writes `pipeline.schema.json` and its test.
 */
export function pipelineJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(pipelineSchema, {
    target: 'draft-7',
    io: 'input',
    metadata: documentation,
    override: ({ jsonSchema }) => {
      const node = jsonSchema as Node;
      const properties = node['properties'] as Node | undefined;
      // Of the two names of the id, one must be there: beside the schema's shape, so said here.
      if (
        properties !== undefined &&
        'id' in properties &&
        'name' in properties &&
        'dependsOn' in properties
      ) {
        node['anyOf'] = [{ required: ['id'] }, { required: ['name'] }];
      }
    },
  }) as Node;
  const { $schema, id: _, ...rest } = schema;
  const root: Node = { $schema, title: 'Loom pipeline', ...rest };
  // `x-…` holds YAML anchors and notes of other tools.
  root['patternProperties'] = { '^x-': {} };
  return root;
}

/** What `pipeline.schema.json` holds. */
export function pipelineJsonSchemaText(): string {
  return `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`;
}
