// Not part of the package: for the script that writes pipeline.schema.json and the test that compares it.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { pipelineSchema, typeNames } from './schema.js';

type Node = Record<string, unknown>;

/**
 * JSON Schema of a definition for editors: the shapes of the zod schema, the words of the types in
 * pipeline-definition.ts. Draft 7, which the JSON and YAML servers of editors know best.
 */
export function pipelineJsonSchema(): Readonly<Record<string, unknown>> {
  const words = readWords(readFileSync(new URL('./pipeline-definition.ts', import.meta.url), 'utf8'));
  const generated = z.toJSONSchema(pipelineSchema, { target: 'draft-7', io: 'input', metadata: typeNames });
  // zod puts one and the same object in several places; as text they are several.
  const { $schema, definitions, ...root } = JSON.parse(JSON.stringify(generated)) as Node;
  const { PipelineDefinition: pipeline = root, ...types } = definitions as Readonly<Record<string, Node>>;
  describe(pipeline, 'PipelineDefinition', words);
  for (const [name, node] of Object.entries(types)) describe(node, name, words);
  // `x-…` holds YAML anchors and notes of other tools.
  const patternProperties = { '^x-': {} };
  return { $schema, title: 'Loom pipeline', ...pipeline, patternProperties, definitions: types };
}

/** What `pipeline.schema.json` holds. */
export function pipelineJsonSchemaText(): string {
  return `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`;
}

function describe(node: Node, type: string, words: Words): void {
  node['description'] = words.ofType(type);
  const properties = node['properties'] as Readonly<Record<string, Node>> | undefined;
  if (properties === undefined) return;
  for (const [field, property] of Object.entries(properties)) {
    const description = words.ofField(type, field);
    if (description !== undefined) property['description'] = description;
  }
  // One of the two names of the id must be there, which the shape alone cannot say.
  if ('dependsOn' in properties) node['anyOf'] = [{ required: ['id'] }, { required: ['name'] }];
}

interface Words {
  ofType(name: string): string | undefined;
  ofField(type: string, field: string): string | undefined;
}

/** Fields that the types leave to JSON and YAML. */
const more: Readonly<Record<string, string>> = {
  $schema: 'Address of this schema, for editors.',
  name: 'The same as id.',
  mode: 'The name the mode was registered with.',
  actor: 'Who does the work, for modes that want one. Default: none.',
  with: "The mode's own settings, with expressions in them.",
};

/** The comments of the types, by type and field; a type has those of what it extends. */
function readWords(source: string): Words {
  const types = new Map<
    string,
    { readonly words: string | undefined; readonly bases: string[]; readonly fields: Map<string, string> }
  >();
  const declaration =
    /(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\s*(?:\/\/.*\s*)?)?(?:export )?(?:interface (\w+)(?:<[^>]*>)?(?: extends ([\w, ]+))? \{(\}|[^]*?\n\})|type (\w+))/g;
  for (const [, comment, name, bases = '', body = '', alias] of source.matchAll(declaration)) {
    const fields = new Map<string, string>();
    for (const [, words = '', field = ''] of body.matchAll(
      /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*readonly (\w+)\??:/g,
    )) {
      fields.set(field, plain(words));
    }
    const words = comment === undefined ? undefined : plain(comment);
    types.set(name ?? alias ?? '', { words, bases: bases.split(', ').filter(Boolean), fields });
  }
  // Made from CustomModes, so its fields are found where it takes them from.
  types.set('CustomStage', {
    words: types.get('CustomStage')?.words,
    bases: ['StageBase', 'WithInput'],
    fields: new Map(),
  });
  const ofField = (type: string, field: string): string | undefined => {
    const known = types.get(type);
    if (known === undefined) return undefined;
    const own = known.fields.get(field);
    return own ?? known.bases.map((base) => ofField(base, field)).find((words) => words !== undefined);
  };
  return {
    ofType: (name) => types.get(name)?.words,
    ofField: (type, field) => ofField(type, field) ?? more[field],
  };
}

/** A comment as one line: `@default x` becomes "Default: x." */
function plain(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trim());
  const text = lines
    .join(' ')
    .replace(/@typeParam.*$/, '')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  const [words = '', fallback] = text.split(/\s*@default\s+/);
  if (fallback === undefined) return words;
  const end = `Default: ${fallback}${/[.}]$/.test(fallback) ? '' : '.'}`;
  return words === '' ? end : `${words}${/[.:]$/.test(words) ? '' : '.'} ${end}`;
}
